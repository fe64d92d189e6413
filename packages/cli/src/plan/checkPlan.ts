import type { CommandAnswer } from '@prorata/service-runtime/postCommand';
import type { GatewayClient, SentCommand } from '../gateway/gatewayClient.ts';
import type { Check, LimitInForce } from './check.ts';
import type { LiveState } from './computePlan.ts';
import { failuresOf } from './failuresOf.ts';
import type { Plan, PlannedCommand } from './plan.ts';

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
  return checks;
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
  const shared = { command, by: 'gateway' as const, failures: [], inForce: [], omitted: 0 };
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
    omitted: Number(outcome?.['previewOmitted'] ?? 0),
    remark: waits ? detail : null,
  };
}

const plainChange = ({ quotaId, resource, before, after }: LimitInForce): LimitInForce => ({
  quotaId,
  resource,
  before: before,
  after: after,
});

function later(tried: Check): Check {
  const [first] = tried.failures;
  const remark = `it follows others and cannot be checked before them; by itself it would be refused: ${first?.message ?? ''}`;
  return { ...tried, verdict: 'later', failures: [], remark };
}
