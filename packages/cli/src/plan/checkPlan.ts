import type { CommandAnswer } from '@prorata/service-runtime/postCommand';
import type { GatewayClient, SentCommand } from '../gateway/gatewayClient.ts';
import { hiddenOnes, unchecked } from './check.ts';
import type { Check, DeclaredLimit, LimitInForce } from './check.ts';
import type { LiveState } from './computePlan.ts';
import { failuresOf } from './failuresOf.ts';
import type { Plan, PlannedCommand } from './plan.ts';
import { openProposals, waitingProposal } from './waitingProposal.ts';

/** How commands are sent: with which reason, and what is waived. */
export interface SendingTerms {
  readonly reason: string;
  readonly waivers: readonly { readonly check: string; readonly reason: string }[];
}

/**
 * What would become of every command of a plan. The gateway tries each by itself; one that follows
 * others in its stream, and is refused without them, is decided here, by the same model, upon them.
 */
export async function checkPlan(
  client: GatewayClient,
  plan: Plan,
  live: LiveState,
  terms: SendingTerms,
): Promise<readonly Check[]> {
  const commands = plan.commands.map((command) => sentCommand(command, terms));
  const answers = await client.tryDry(commands, terms.reason);
  const byStream = Map.groupBy(plan.commands, ({ stream }) => stream);
  const decidedHere = new Map<string, readonly Check[] | null>();
  const checkAt = async (stream: string, index: number): Promise<Check | null> => {
    if (!decidedHere.has(stream)) {
      // Loaded where it is needed alone: a model takes longer to load than most plans to check.
      const { decideHere } = await import('./decideHere.ts');
      const all = byStream.get(stream) ?? [];
      decidedHere.set(stream, decideHere(stream, all, live, terms.waivers));
    }
    return decidedHere.get(stream)?.[index] ?? null;
  };
  const checks: Check[] = [];
  for (const [index, command] of plan.commands.entries()) {
    const tried = checkOf(command, answers[index]);
    const within = byStream.get(command.stream)?.indexOf(command) ?? 0;
    const isBySelf = tried.verdict !== 'refused' || within === 0;
    checks.push(isBySelf ? tried : ((await checkAt(command.stream, within)) ?? later(tried)));
  }
  return Promise.all(checks.map((check) => held(client, check)));
}

/**
 * What would become a second proposal about the same quotas is held back while the first one waits: whoever
 * approves could not tell which of them is meant.
 */
async function held(client: GatewayClient, check: Check): Promise<Check> {
  const isOpen =
    check.verdict === 'refused' && check.failures.every(({ code }) => code === 'PROPOSAL_OPEN');
  if (check.verdict !== 'waits' && !isOpen) return check;
  const open = await openProposals(client, check.command.stream);
  const heldBy = waitingProposal(check.command, open, isOpen);
  return heldBy === null ? check : { ...check, verdict: 'held', failures: [], heldBy };
}

/** The command as it is sent; only commands about quotas carry waivers. */
export function sentCommand(
  command: PlannedCommand,
  { waivers }: Pick<SendingTerms, 'waivers'>,
): SentCommand {
  const { type, stream, data, expectedVersion } = command;
  return {
    ...{ type, stream, data },
    ...(expectedVersion === null ? {} : { expectedVersion: expectedVersion.toString() }),
    ...(waivers.length > 0 && type === 'ChangeTree' ? { waivers } : {}),
  };
}

function checkOf(command: PlannedCommand, answer: CommandAnswer | undefined): Check {
  const shared = { ...unchecked, command, by: 'gateway' as const };
  if (answer === undefined || answer.status === 'unknown') {
    const remark = 'the gateway has not answered in time; it is checked again when it is sent';
    return { ...shared, verdict: 'later', remark };
  }
  const { code, detail, violations, outcome } = answer;
  if (answer.status === 'refused') {
    const failures = failuresOf(command, code, detail, violations);
    return { ...shared, verdict: 'refused', failures, remark: null };
  }
  const waits = code === 'PROPOSED';
  return {
    ...shared,
    verdict: waits ? 'waits' : 'passes',
    inForce: ((outcome?.['preview'] ?? []) as readonly LimitInForce[]).map(plainChange),
    hidden: hiddenOnes((outcome?.['declared'] ?? []) as readonly DeclaredLimit[]),
    omitted: Number(outcome?.['previewOmitted'] ?? 0),
    remark: waits ? detail : null,
  };
}

const plainChange = ({ quotaId, resource, before, after }: LimitInForce): LimitInForce => ({
  ...{ quotaId, resource, before, after },
});

function later(tried: Check): Check {
  const [first] = tried.failures;
  const why = first === undefined ? '' : `: ${first.message}`;
  const remark = `it follows others and cannot be checked before them; by itself it would be refused${why}`;
  return { ...tried, verdict: 'later', failures: [], remark };
}
