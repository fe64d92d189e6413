import { decide, evolve, noPreview, previewOf } from '@prorata/quota-model';
import type { Decision, Preview, StreamState } from '@prorata/quota-model';
import type { CommandMessage, EventMessage } from '@prorata/schemas';
import { messageOf } from '../file/normalForm.ts';
import type { Json } from './json.ts';

/** Who decides here: somebody who may all, for who may what was the gateway's to say. */
const planner = { kind: 'user', issuer: 'urn:prorata:plan', subject: 'plan' };

/** A command's body, as it would be sent. */
export interface CommandHere {
  readonly type: CommandMessage['type'];
  readonly stream: string;
  readonly data: Json;
}

/**
 * A stream in memory, decided by the model that the writer decides by. What cannot be read of a stream
 * (cuts, overrides, proposals) is not in it: so it answers only what a dry run cannot.
 */
export class StreamHere {
  readonly #stream: string;
  readonly #now = BigInt(Date.now()) * 1_000n;
  #state: StreamState | null = null;
  #version = 0n;

  /** @param state what is there already; it changes with each command. Absent: nothing. */
  constructor(stream: string, state: StreamState | null = null) {
    this.#stream = stream;
    this.#state = state;
  }

  get state(): StreamState | null {
    return this.#state;
  }

  /** Decides and, when accepted, takes it as done. What waits for approval is not done. */
  send(
    command: CommandHere,
    waivers: readonly Json[] = [],
  ): { readonly decision: Decision; readonly preview: Preview } {
    const message = messageOf(command, { actor: planner, roles: ['admin'], waivers });
    const context = { now: this.#now, streamVersion: this.#version };
    const decision = decide(this.#state, message, context);
    if (decision.kind === 'refused') return { decision, preview: noPreview };
    const preview = previewOf(this.#state, decision.events, null, message.value.envelope, context);
    for (const draft of decision.events) this.#append(draft, message);
    return { decision, preview };
  }

  #append(
    draft: Extract<Decision, { kind: 'accepted' }>['events'][number],
    { value }: CommandMessage,
  ): void {
    this.#version += 1n;
    const { commandId, actor, reason } = value.envelope;
    const envelope = {
      ...{ eventId: commandId, commandId, actor, reason, stream: this.#stream },
      ...{ streamVersion: this.#version, quotaId: draft.quotaId, quotaVersion: draft.quotaVersion },
      ...{ cause: 'command', commandOffset: this.#version, timer: null, decidedAt: this.#now },
      ...{ previousHash: new Uint8Array(32), waivers: [], attestations: [], approved: null },
    };
    const event = { type: draft.type, value: { ...draft.data, envelope } } as EventMessage;
    this.#state = evolve(this.#state, event);
  }
}
