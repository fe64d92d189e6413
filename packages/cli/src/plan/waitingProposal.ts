import { normalSteps } from '../file/normalForm.ts';
import { GatewayProblem } from '../gateway/gatewayProblem.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { sameJson } from './differences.ts';
import { isJson, textIn } from './json.ts';
import type { Json } from './json.ts';
import type { PlannedCommand } from './plan.ts';

/** A proposal that waits for a second person, about quotas that a command would change. */
export interface WaitingProposal {
  readonly proposalId: string;
  /** Whether it would do just what the command would. */
  readonly isSame: boolean;
  /** `proposed by user:ana at 2026-01-01T00:00:00Z: more traffic` */
  readonly whose: string;
}

/** The application's open proposals; none for whoever may not read them. */
export async function openProposals(
  client: GatewayClient,
  stream: string,
): Promise<readonly Json[]> {
  const application = stream.slice('application:'.length);
  try {
    return await client.all('/v1/proposals', 'proposals', { application, status: 'open' });
  } catch (error) {
    if (error instanceof GatewayProblem && error.status === 403) return [];
    throw error;
  }
}

/**
 * Of open proposals the one about quotas of the command: the same before any other. One that the rightsizer
 * or an owner's request has made stands in the way only where the model says so.
 */
export function waitingProposal(
  command: PlannedCommand,
  open: readonly Json[],
  isInTheWay: boolean,
): WaitingProposal | null {
  if (command.type !== 'ChangeTree') return null;
  const ids = new Set(command.actions.map(({ id }) => id));
  const about = open
    .filter(({ origin }) => isInTheWay || origin === 'threshold')
    .filter((proposal) => quotasOf(proposal).some((id) => ids.has(id)));
  const same = about.find((proposal) => isSame(command, proposal));
  const found = same ?? about[0];
  if (found === undefined) return null;
  return {
    proposalId: textIn(found, 'proposalId'),
    isSame: same !== undefined,
    whose: whoseText(found),
  };
}

function quotasOf(proposal: Json): readonly string[] {
  const steps = (proposal['steps'] ?? []) as readonly Json[];
  if (steps.length === 0) return [textIn(proposal, 'quotaId')];
  return steps.flatMap((step) =>
    Object.values(step)
      .filter(isJson)
      .flatMap((each) => [textIn(each, 'quotaId'), textIn(each, 'toQuotaId')])
      .filter((id) => id !== ''),
  );
}

/** A change of one quota's limits is kept as that, and not as the step that it was sent as. */
function isSame({ data }: PlannedCommand, proposal: Json): boolean {
  const steps = normalSteps(data['steps'] as readonly Json[]);
  const proposed = (proposal['steps'] ?? []) as readonly Json[];
  if (proposed.length > 0) return sameJson(steps, proposed);
  const [step, ...more] = steps;
  const change = step?.['change'];
  return (
    more.length === 0 &&
    isJson(change) &&
    sameJson(byResource(change['setLimits']), byResource(proposal['limits'])) &&
    sameJson(sorted(change['unsetLimits']), sorted(proposal['unsetLimits']))
  );
}

const sorted = (names: unknown): readonly string[] => [...((names ?? []) as string[])].sort();

const byResource = (limits: unknown): readonly Json[] =>
  ((limits ?? []) as readonly Json[]).toSorted((a, b) =>
    textIn(a, 'resource') < textIn(b, 'resource') ? -1 : 1,
  );

function whoseText(proposal: Json): string {
  const { openedBy } = proposal;
  const who = isJson(openedBy) ? `${textIn(openedBy, 'kind')}:${textIn(openedBy, 'subject')}` : '?';
  return `proposed by ${who} at ${textIn(proposal, 'openedAt')}: ${textIn(proposal, 'reason')}`;
}
