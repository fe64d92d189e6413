import type { CommandAnswer } from '@prorata/service-runtime/postCommand';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { putOff } from '../gateway/putOff.ts';
import { withProgress } from '../output/progress.ts';
import { sentCommand } from '../plan/checkPlan.ts';
import type { SendingTerms } from '../plan/checkPlan.ts';
import type { Failure } from '../plan/check.ts';
import { unguardedConflict } from './unguardedConflict.ts';
import { failuresOf } from '../plan/failuresOf.ts';
import type { Plan, PlannedCommand } from '../plan/plan.ts';
import { openProposals, waitingProposal } from '../plan/waitingProposal.ts';
import type { WaitingProposal } from '../plan/waitingProposal.ts';

/** What became of one command. */
export type Applied =
  | { readonly kind: 'done'; readonly command: PlannedCommand; readonly streamVersion: string }
  | {
      readonly kind: 'waits';
      readonly command: PlannedCommand;
      readonly proposalId: string;
      readonly message: string;
      /** null: it is this command's own; else that of before, beside which nothing was sent. */
      readonly heldBy: WaitingProposal | null;
    }
  | {
      readonly kind: 'refused';
      readonly command: PlannedCommand;
      readonly failures: readonly Failure[];
    }
  | {
      readonly kind: 'unknown';
      readonly command: PlannedCommand;
      readonly commandId: string;
      /** Why it was put off to the end, in brackets; empty where nobody said. */
      readonly putOff: string;
    };

export interface Application {
  readonly applied: readonly Applied[];
  /** Commands that were not sent, since one before them was not accepted. */
  readonly left: readonly PlannedCommand[];
}

export interface ApplyTerms extends SendingTerms {
  /** Streams in which a check was held by a proposal; whether it still waits is read when the turn comes. */
  readonly heldStreams: ReadonlySet<string>;
}

/**
 * Sends the commands of a plan in their order, and stops at the first that is not accepted: what comes
 * after may stand on it. What waits for approval stops its own stream alone.
 */
export async function applyPlan(
  client: GatewayClient,
  plan: Plan,
  terms: ApplyTerms,
  told: (applied: Applied) => void,
): Promise<Application> {
  const applied: Applied[] = [];
  const waiting = new Set<string>();
  for (const [index, command] of plan.commands.entries()) {
    if (waiting.has(command.stream)) continue;
    const one = await applyOne(client, command, terms);
    applied.push(one);
    told(one);
    if (one.kind === 'waits') waiting.add(command.stream);
    else if (one.kind !== 'done') return { applied, left: plan.commands.slice(index + 1) };
  }
  const sent = new Set(applied.map(({ command }) => command));
  return { applied, left: plan.commands.filter((command) => !sent.has(command)) };
}

async function applyOne(
  client: GatewayClient,
  command: PlannedCommand,
  terms: ApplyTerms,
): Promise<Applied> {
  const conflict = await unguardedConflict(client, command);
  if (conflict !== null) return { kind: 'refused', command, failures: [conflict] };
  const held = terms.heldStreams.has(command.stream) ? await heldBack(client, command) : null;
  if (held !== null) return held;
  const answer = await withProgress(`${command.stream}: ${command.type}`, () =>
    client.send(sentCommand(command, terms), terms.reason),
  );
  const isOpen = answer.status === 'refused' && answer.code === 'PROPOSAL_OPEN';
  // Somebody proposed the same since it was checked.
  return (isOpen ? await heldBack(client, command) : null) ?? appliedOf(command, answer);
}

async function heldBack(client: GatewayClient, command: PlannedCommand): Promise<Applied | null> {
  const heldBy = waitingProposal(command, await openProposals(client, command.stream), true);
  if (heldBy === null) return null;
  return { kind: 'waits', command, proposalId: heldBy.proposalId, message: '', heldBy };
}

function appliedOf(command: PlannedCommand, answer: CommandAnswer): Applied {
  const { status, code, detail, violations, outcome, commandId } = answer;
  if (status === 'unknown') return { kind: 'unknown', command, commandId, putOff: putOff(answer) };
  if (status === 'refused') {
    return { kind: 'refused', command, failures: failuresOf(command, code, detail, violations) };
  }
  if (code !== 'PROPOSED') {
    return { kind: 'done', command, streamVersion: String(outcome?.['streamVersion']) };
  }
  const proposalId = String(outcome?.['result']);
  return { kind: 'waits', command, proposalId, message: detail ?? '', heldBy: null };
}
