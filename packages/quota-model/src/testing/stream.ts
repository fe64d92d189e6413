/** One stream as the writer keeps it, in memory: decide, stamp, evolve, and due times on a clock of its own. */
import type { ApprovedProposal, CommandMessage, EventMessage } from '@prorata/schemas';
import { decide } from '../decide.ts';
import { evolve } from '../evolve.ts';
import type { Decision, StreamState } from '../model.ts';
import { decideTimer, dueTimes } from '../timers.ts';
import { START, stampCommand, stampEvent } from './stamp.ts';
import type { CommandBody, Sender, UnhashedDraft } from './stamp.ts';

export class TestStream {
  readonly stream: string;
  readonly events: EventMessage[] = [];
  state: StreamState | null = null;
  now: bigint = START;

  constructor(stream: string) {
    this.stream = stream;
  }

  get version(): bigint {
    return BigInt(this.events.length);
  }

  /** Decides as the writer would and, when accepted, appends the events. */
  send(body: CommandBody, sender: Sender = {}): Decision {
    const command = stampCommand(this.stream, body, sender, this.version + 1n);
    const decision = this.decide(command);
    if (decision.kind === 'accepted') {
      this.append(decision.events, command.value.envelope.actor, decision.approved);
    }
    return decision;
  }

  /** Decides without appending. */
  decide(command: CommandMessage): Decision {
    return decide(this.state, command, { now: this.now, streamVersion: this.version });
  }

  append(
    drafts: readonly UnhashedDraft[],
    actor = this.events.at(0)?.value.envelope.actor,
    approved: ApprovedProposal | null = null,
  ): void {
    for (const draft of drafts) {
      const event = stampEvent(draft, {
        stream: this.stream,
        streamVersion: this.version + 1n,
        decidedAt: this.now,
        approved,
        ...(actor === undefined ? {} : { actor }),
      });
      this.state = evolve(this.state, event);
      this.events.push(event);
    }
  }

  /** Moves the clock and appends what came due meanwhile, each at its own time. */
  advanceTo(time: bigint): void {
    for (;;) {
      const due = this.state === null ? undefined : dueTimes(this.state)[0];
      if (this.state === null || due === undefined || due.at > time) break;
      this.now = due.at > this.now ? due.at : this.now;
      const context = { now: this.now, streamVersion: this.version };
      this.append(decideTimer(this.state, due, context), due.actor);
    }
    this.now = time;
  }
}
