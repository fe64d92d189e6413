import { limitToJson } from '@prorata/schemas';
import type { DeclaredChange, ResourceLimit } from '@prorata/schemas';
import { hiddenOnes, unchecked } from './check.ts';
import type { Check, DeclaredLimit, LimitInForce } from './check.ts';
import { failuresOf } from './failuresOf.ts';
import type { LiveState } from './computePlan.ts';
import type { Json } from './json.ts';
import type { LiveApplication, LiveOrganization } from './liveState.ts';
import type { PlannedCommand } from './plan.ts';
import { StreamHere } from './streamHere.ts';
import type { CommandHere } from './streamHere.ts';

/** Quotas that are set up in memory: some 50 µs each. */
const QUOTAS_HERE_MAX = 20_000;

/**
 * All commands of one stream, one upon the other, on what can be read of it: null where that cannot be set up.
 * Remote validators are not asked.
 */
export function decideHere(
  stream: string,
  commands: readonly PlannedCommand[],
  live: LiveState,
  waivers: readonly Json[],
): readonly Check[] | null {
  const here = new StreamHere(stream);
  const before = setUp(stream, live);
  if (before === null) return null;
  for (const command of before) {
    if (here.send(command).decision.kind === 'refused') return null;
  }
  const remark =
    before.length === 0
      ? null
      : 'checked here, upon what goes before; cuts and overrides do not count';
  return commands.map((command) => checkHere(here, command, waivers, remark));
}

function checkHere(
  here: StreamHere,
  command: PlannedCommand,
  waivers: readonly Json[],
  remark: string | null,
): Check {
  const { decision, preview } = here.send(withoutValidators(withoutVersions(command)), waivers);
  const shared = { ...unchecked, command, by: 'here' as const, remark };
  if (decision.kind === 'refused') {
    const [first] = decision.violations;
    const failures = failuresOf(command, first.code, first.message, decision.violations);
    return { ...shared, verdict: 'refused', failures };
  }
  // Of these commands only one that waits makes something: its proposal.
  const waits = decision.result !== null;
  return {
    ...shared,
    verdict: waits ? 'waits' : 'passes',
    inForce: preview.changes.map(inForceOf),
    hidden: hiddenOnes(preview.declared.map(declaredOf)),
    omitted: preview.omitted,
  };
}

interface Change {
  readonly quotaId: string;
  readonly resource: string;
  readonly before: ResourceLimit | null;
  readonly after: ResourceLimit | null;
}

const inForceOf = ({ quotaId, resource, before, after }: Change): LimitInForce => ({
  quotaId,
  resource,
  before: before && limitToJson(before),
  after: after && limitToJson(after),
});

/** Without an end: here are no overrides, which alone have one. */
const declaredOf = (change: DeclaredChange): DeclaredLimit => ({
  ...inForceOf(change),
  hiddenBy: change.hiddenBy && { ...change.hiddenBy, until: null },
});

/** Versions are the log's; here everything begins at 1. */
export function withoutVersions(command: CommandHere): CommandHere {
  if (command.type !== 'ChangeTree') return command;
  const steps = command.data['steps'] as readonly Json[];
  return { ...command, data: { steps: steps.map((step) => ({ ...step, expectedVersion: null })) } };
}

/** They are asked by the gateway alone, and a total that one tells is not known here. */
export function withoutValidators(command: CommandHere): CommandHere {
  if (command.type !== 'RegisterApplication') return command;
  const resources = (command.data['resources'] as readonly Json[]).map((resource) => ({
    ...resource,
    totalSource: null,
  }));
  return { ...command, data: { ...command.data, validators: [], resources } };
}

/** Commands that make what there is; null: too many, or not all of it was read. */
function setUp(stream: string, live: LiveState): readonly CommandHere[] | null {
  const [kind, id = ''] = stream.split(':');
  if (kind === 'application') return setUpApplication(stream, live.applications.get(id));
  return setUpOrganization(stream, live.organizations.get(id));
}

function setUpApplication(
  stream: string,
  live: LiveApplication | undefined,
): readonly CommandHere[] | null {
  if (live === undefined || live.registration === null) return [];
  if (!live.isWhole || live.quotas.size > QUOTAS_HERE_MAX) return null;
  const register = { type: 'RegisterApplication' as const, stream, data: live.registration.value };
  const quotas = [...live.quotas].sort(([a], [b]) => a.split('/').length - b.split('/').length);
  return [
    withoutValidators(register),
    ...quotas.map(([quotaId, { value }]) => ({
      ...{ type: 'CreateQuota' as const, stream },
      data: { quotaId, content: value },
    })),
    ...[...live.entitlements.values()].map((entitlement) => ({
      ...{ type: 'SetEntitlement' as const, stream },
      data: { ...entitlement, source: null },
    })),
  ];
}

function setUpOrganization(
  stream: string,
  live: LiveOrganization | undefined,
): readonly CommandHere[] {
  if (live === undefined) return [];
  const teams = inOrder([...live.teams.values()].map(({ value }) => value));
  const of = (type: CommandHere['type'], values: readonly Json[]): readonly CommandHere[] =>
    values.map((data) => ({ type, stream, data }));
  const valuesOf = (all: LiveOrganization['teams']): readonly Json[] =>
    [...all.values()].map(({ value }) => value);
  const budgets = [...valuesOf(live.budgets)].sort((a, b) => rankOf(a) - rankOf(b));
  return [
    ...of('RegisterOrganization', live.registration === null ? [] : [live.registration.value]),
    ...of('DefineTeam', teams),
    ...of('DefineProject', valuesOf(live.projects)),
    ...of('DefineBudget', budgets),
  ];
}

/** The organization's own first, then teams', then projects'. */
const rankOf = ({ project, team }: Json): number => (project !== '' ? 2 : team === null ? 0 : 1);

/** Each team after the one above it. */
function inOrder(teams: readonly Json[]): readonly Json[] {
  const placed = new Set<unknown>([null]);
  const ordered: Json[] = [];
  for (let left = [...teams]; left.length > 0;) {
    const next = left.filter(({ parent }) => placed.has(parent ?? null));
    if (next.length === 0) break;
    for (const each of next) placed.add(each['teamId']);
    ordered.push(...next);
    left = left.filter((each) => !next.includes(each));
  }
  return ordered;
}
