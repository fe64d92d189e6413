import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { partitionOf } from '@prorata/kafka-port';
import type { OutRecord } from '@prorata/kafka-port';
import { anchoredPartition, anchorStreamOf } from '@prorata/quota-model';
import type { EventDraft } from '@prorata/quota-model';
import { anchorSignedBytes, hashOf, HeadTree, inNamespace } from '@prorata/schemas';
import type {
  Actor,
  Codec,
  CommandOutcome,
  EventEnvelope,
  EventMessage,
  HeadsAnchored,
  OutcomeMessage,
} from '@prorata/schemas';

export const alice: Actor = { kind: 'user', issuer: 'https://test.prorata', subject: 'alice' };

/** 2026-03-02T10:00:00Z, where tests begin. */
export const testStart = 1_772_445_600_000_000n;
const MICROS_BETWEEN_COMMANDS = 1_000_000n;

export interface StampOptions {
  readonly actor?: Actor;
  readonly reason?: string;
  readonly at?: bigint;
  /** The due time that caused it, instead of a command. */
  readonly timer?: string;
}

export interface Stamped {
  readonly partition: number;
  readonly events: readonly EventMessage[];
  /** null for a timer. */
  readonly outcome: OutcomeMessage | null;
}

type Command = Pick<
  EventEnvelope,
  'commandId' | 'commandOffset' | 'timer' | 'actor' | 'reason' | 'decidedAt'
>;

export interface AnchorKey {
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** As `PRORATA_ANCHOR_PUBLIC_KEYS_FILE` has it. */
  readonly publicKeys: string;
}

export function makeAnchorKey(keyId = 'test-1'): AnchorKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { keyId, privateKey, publicKeys: JSON.stringify({ [keyId]: pem }) };
}

/** Stamps drafts as the writer does: one call is one command, or one due time. */
export class EventStamper {
  readonly partitions: number;
  readonly #heads = new Map<string, { version: bigint; hash: Buffer }>();
  /** Versions that anchors have named. */
  readonly #anchored = new Map<string, bigint>();
  readonly #commandOffsets = new Map<number, bigint>();
  #commands = 0;

  constructor(partitions: number) {
    this.partitions = partitions;
  }

  stamp(stream: string, drafts: readonly EventDraft[], options: StampOptions = {}): Stamped {
    const partition = partitionOf(stream, this.partitions);
    const command = this.#nextCommand(partition, options);
    const events = drafts.map((draft) => this.#stampOne(stream, draft, command));
    return {
      partition,
      events,
      outcome:
        command.commandId === null
          ? null
          : { type: 'CommandOutcome', value: this.#outcome(stream, command, events) },
    };
  }

  /** As the partition's writer anchors it: all heads, and by name those that have gone on. */
  anchor(partition: number, key: AnchorKey): Stamped {
    const stream = anchorStreamOf(partition);
    const tree = new HeadTree();
    const heads: HeadsAnchored['heads'][number][] = [];
    let events = 0n;
    for (const [name, { version, hash }] of this.#heads) {
      if (anchoredPartition(name) !== null) continue;
      if (partitionOf(name, this.partitions) !== partition) continue;
      tree.set({ stream: name, version, hash });
      events += version;
      if (this.#anchored.get(name) === version) continue;
      this.#anchored.set(name, version);
      heads.push({ stream: name, streamVersion: version, hash });
    }
    const command = this.#nextCommand(partition, { timer: 'anchor' });
    const data = {
      root: tree.root(),
      streams: BigInt(tree.size),
      events,
      heads,
      keyId: key.keyId,
      signature: Buffer.alloc(0),
    };
    const before = this.#heads.get(stream);
    const draft = { type: 'HeadsAnchored', data, quotaId: null, quotaVersion: null } as const;
    const unsigned = this.#stampOne(stream, draft, command);
    if (before === undefined) this.#heads.delete(stream);
    else this.#heads.set(stream, before);
    const signature = sign(null, anchorSignedBytes(unsigned.value), key.privateKey);
    const signed = { ...draft, data: { ...data, signature } };
    return { partition, events: [this.#stampOne(stream, signed, command)], outcome: null };
  }

  /** The outcome of a command that is refused: no event, a code. */
  refuse(stream: string, code: string, options: StampOptions = {}): Stamped {
    const partition = partitionOf(stream, this.partitions);
    const command = this.#nextCommand(partition, options);
    const outcome = this.#outcome(stream, command, []);
    const message = `refused by the test: ${code}`;
    const violations = [{ code, path: '/limits', message }];
    const value: CommandOutcome = { ...outcome, status: 'refused', code, message, violations };
    return { partition, events: [], outcome: { type: 'CommandOutcome', value } };
  }

  #nextCommand(partition: number, options: StampOptions): Command {
    this.#commands += 1;
    const isTimer = options.timer !== undefined;
    const offset = (this.#commandOffsets.get(partition) ?? -1n) + (isTimer ? 0n : 1n);
    this.#commandOffsets.set(partition, offset);
    return {
      commandId: isTimer ? null : uuidOf(`command ${this.#commands}`),
      commandOffset: isTimer ? null : offset,
      timer: options.timer ?? null,
      actor: options.actor ?? alice,
      reason: options.reason ?? 'a test',
      decidedAt: options.at ?? testStart + BigInt(this.#commands) * MICROS_BETWEEN_COMMANDS,
    };
  }

  #stampOne(stream: string, draft: EventDraft, command: Command): EventMessage {
    const head = this.#heads.get(stream) ?? { version: 0n, hash: Buffer.alloc(32) };
    const envelope: EventEnvelope = {
      ...command,
      eventId: uuidOf(`${stream} ${head.version + 1n}`),
      stream,
      streamVersion: head.version + 1n,
      quotaId: draft.quotaId,
      quotaVersion: draft.quotaVersion,
      cause: command.commandId === null ? 'timer' : 'command',
      waivers: [],
      attestations: [],
      approved: null,
      previousHash: head.hash,
    };
    const event = { type: draft.type, value: { ...draft.data, envelope } } as EventMessage;
    this.#heads.set(stream, { version: envelope.streamVersion, hash: hashOf(event) });
    return event;
  }

  #outcome(stream: string, command: Command, events: readonly EventMessage[]): CommandOutcome {
    const last = events.at(-1)?.value.envelope;
    return {
      commandId: command.commandId ?? '',
      commandType: 'TestCommand',
      stream,
      actor: command.actor,
      bodyHash: Buffer.alloc(32),
      commandOffset: command.commandOffset ?? -1n,
      firstOffset: null,
      status: 'accepted',
      code: 'ACCEPTED',
      message: '',
      violations: [],
      dryRun: false,
      streamVersion: this.#heads.get(stream)?.version ?? 0n,
      quotaId: last?.quotaId ?? null,
      quotaVersion: last?.quotaVersion ?? null,
      eventIds: events.map((event) => event.value.envelope.eventId),
      result: null,
      decidedAt: command.decidedAt,
      preview: [],
      declared: [],
      oversubscription: [],
      previewOmitted: 0,
      reason: '',
    };
  }
}

/** Records for one append: the events and their outcome. */
export async function recordsOf(
  { partition, events, outcome }: Stamped,
  codec: Codec,
  namespace: string,
): Promise<readonly OutRecord[]> {
  const records: OutRecord[] = [];
  for (const event of events) {
    records.push({
      topic: inNamespace('quota.events', namespace),
      partition,
      key: Buffer.from(event.value.envelope.stream),
      value: await codec.encode('quota.events', event),
    });
  }
  if (outcome !== null) {
    records.push({
      topic: inNamespace('quota.outcomes', namespace),
      partition,
      key: Buffer.from(outcome.value.stream),
      value: await codec.encode('quota.outcomes', outcome),
    });
  }
  return records;
}

function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
