import { randomUUID } from 'node:crypto';
import { partitionOf } from '@prorata/kafka-port';
import type { LogPort, PartitionWriter } from '@prorata/kafka-port';
import { decide, evolve } from '@prorata/quota-model';
import type { Decision, StreamState } from '@prorata/quota-model';
import { fromJson, fullNameOf, inNamespace, timeToJson } from '@prorata/schemas';
import type { ActorKind, Codec, CommandMessage, EventMessage } from '@prorata/schemas';

export interface TestCommand {
  readonly type: CommandMessage['type'];
  readonly stream: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly commandId?: string;
  readonly expectedVersion?: unknown;
  readonly reason?: string;
  readonly kind?: ActorKind;
}

/** Decides commands with the real model and appends their events to the real log: the command-service without its queue. */
export class TestWriter {
  readonly #port: LogPort;
  readonly #codec: Codec;
  readonly #namespace: string;
  readonly #partitions: number;
  readonly #streams = new Map<string, { state: StreamState; version: bigint }>();
  readonly #writers = new Map<number, PartitionWriter>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(port: LogPort, codec: Codec, namespace: string, partitions: number) {
    this.#port = port;
    this.#codec = codec;
    this.#namespace = namespace;
    this.#partitions = partitions;
  }

  state(stream: string): StreamState | undefined {
    return this.#streams.get(stream)?.state;
  }

  /** @throws Error when it is refused */
  async must(type: TestCommand['type'], stream: string, data: object): Promise<void> {
    const decision = await this.execute({ type, stream, data: { ...data } });
    if (decision.kind === 'refused') throw new Error(JSON.stringify(decision.violations));
  }

  execute(command: TestCommand): Promise<Decision> {
    const result = this.#turn.then(() => this.#execute(command));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #execute(given: TestCommand): Promise<Decision> {
    const { stream } = given;
    const now = BigInt(Date.now()) * 1_000n;
    const command = commandOf(given, now);
    const head = this.#streams.get(stream);
    let version = head?.version ?? 0n;
    const decision = decide(head?.state ?? null, command, { now, streamVersion: version });
    if (decision.kind === 'refused' || decision.events.length === 0) return decision;
    const { commandId, actor, reason } = command.value.envelope;
    const events = decision.events.map(({ type, data, quotaId, quotaVersion }) => {
      version += 1n;
      const envelope = {
        eventId: randomUUID(),
        stream,
        streamVersion: version,
        quotaId,
        quotaVersion,
        cause: 'command',
        commandId,
        commandOffset: 0n,
        timer: null,
        actor,
        decidedAt: now,
        reason,
        waivers: [],
        attestations: [],
        approved: null,
        previousHash: Buffer.alloc(32),
      };
      return { type, value: { envelope, ...data } } as EventMessage;
    });
    await this.#append(stream, events);
    const state = events.reduce<StreamState | null>(evolve, head?.state ?? null);
    if (state !== null) this.#streams.set(stream, { state, version });
    return decision;
  }

  async #append(stream: string, events: readonly EventMessage[]): Promise<void> {
    const topic = inNamespace('quota.events', this.#namespace);
    const partition = partitionOf(stream, this.#partitions);
    let writer = this.#writers.get(partition);
    if (writer === undefined) {
      const group = inNamespace('command-service', this.#namespace);
      writer = await this.#port.writers.fence({ group, topic, partition });
      this.#writers.set(partition, writer);
    }
    const key = Buffer.from(stream);
    const values = await Promise.all(
      events.map((event) => this.#codec.encode('quota.events', event)),
    );
    await writer.append(values.map((value) => ({ topic, partition, key, value })));
  }
}

function commandOf(given: TestCommand, now: bigint): CommandMessage {
  const parsed = fromJson(fullNameOf[given.type], {
    ...given.data,
    envelope: {
      commandId: given.commandId ?? randomUUID(),
      stream: given.stream,
      actor: { kind: given.kind ?? 'user', issuer: 'test', subject: 'tester' },
      roles: [given.kind === 'robot' ? 'robot' : 'admin'],
      reason: given.reason ?? 'a test',
      expectedVersion: given.expectedVersion ?? null,
      dryRun: false,
      submittedAt: timeToJson(now),
    },
  });
  if ('violations' in parsed) throw new Error(JSON.stringify(parsed.violations));
  return { type: given.type, value: parsed.value } as CommandMessage;
}
