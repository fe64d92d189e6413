import type { CommandMessage } from '@prorata/schemas';
import type { Declared, DeclaredOrganization } from '../file/declaration.ts';
import { differencesOf, fieldsOf } from './differences.ts';
import { textIn } from './json.ts';
import type { Json } from './json.ts';
import type { Live, LiveOrganization } from './liveState.ts';
import type { Plan, PlannedCommand, ThingKind } from './plan.ts';
import { planDefinition } from './planDefinition.ts';

/** A kind of thing in an organization: what defines one, and what ends one. */
interface Kind {
  readonly what: ThingKind;
  readonly defines: CommandMessage['type'];
  readonly retires: CommandMessage['type'];
  /** The field that names it. */
  readonly key: string;
}

const team: Kind = { what: 'team', defines: 'DefineTeam', retires: 'RetireTeam', key: 'teamId' };
const project: Kind = {
  ...{ what: 'project', defines: 'DefineProject', retires: 'RetireProject', key: 'project' },
};
const budget: Kind = {
  ...{ what: 'budget', defines: 'DefineBudget', retires: 'RetireBudget', key: 'budgetId' },
};

/**
 * The organization, its teams from the outermost, projects; budgets that go or shrink from the innermost,
 * then those that grow or are new from the outermost; and then projects and teams that go.
 */
export function planOrganization(declared: DeclaredOrganization, live: LiveOrganization): Plan {
  const { organization, isManaged } = declared;
  const defined = (
    kind: Kind,
    all: ReadonlyMap<string, Declared<Json>>,
    there: ReadonlyMap<string, Live<Json>>,
  ) =>
    [...all].flatMap(([id, each]) => {
      const command = { type: kind.defines, stream: `organization:${organization}` };
      return planDefinition(command, kind.what, id, each, there.get(id) ?? null);
    });
  const retired = (
    kind: Kind,
    all: ReadonlyMap<string, unknown>,
    there: ReadonlyMap<string, Live<Json>>,
  ) =>
    [...there]
      .filter(([id]) => isManaged && !all.has(id))
      .map(([id, each]) => retirement(organization, kind, id, each));
  const parents = parentsOf(declared, live);
  const depthOfBudget = (command: PlannedCommand): number => depth(payerOf(command), parents);
  const budgets = defined(budget, withoutOpen(declared.budgets, live.budgets), live.budgets);
  const grows = budgets.filter(isGrowing).sort((a, b) => depthOfBudget(a) - depthOfBudget(b));
  const shrinks = [
    ...retired(budget, declared.budgets, live.budgets),
    ...budgets.filter((each) => !isGrowing(each)),
  ].sort((a, b) => depthOfBudget(b) - depthOfBudget(a));
  const depthOfTeam = ({ actions: [action] }: PlannedCommand): number =>
    depth(action?.id ?? '', parents);
  const commands = [
    ...registration(declared, live),
    ...defined(team, declared.teams, live.teams).sort((a, b) => depthOfTeam(a) - depthOfTeam(b)),
    ...defined(project, declared.projects, live.projects),
    ...shrinks,
    ...grows,
    ...retired(project, declared.projects, live.projects),
    ...retired(team, declared.teams, live.teams).sort((a, b) => depthOfTeam(b) - depthOfTeam(a)),
  ];
  return { commands, obstacles: [] };
}

/** What a file leaves open of a budget that is there stays as it is. */
const openOfBudget = ['mode', 'thresholds', 'split'] as const;

function withoutOpen(
  declared: ReadonlyMap<string, Declared<Json>>,
  live: ReadonlyMap<string, Live<Json>>,
): ReadonlyMap<string, Declared<Json>> {
  return new Map(
    [...declared].map(([id, each]) => {
      const there = live.get(id)?.value ?? {};
      const left = openOfBudget.filter((name) => each.value[name] === null);
      const kept = Object.fromEntries(left.map((name) => [name, there[name] ?? null]));
      return [id, { ...each, value: { ...each.value, ...kept } }];
    }),
  );
}

function registration(
  { organization, registration: declared }: DeclaredOrganization,
  { registration: live }: LiveOrganization,
): readonly PlannedCommand[] {
  if (declared === null) return [];
  const differences =
    live === null ? fieldsOf(declared.value) : differencesOf(live.value, declared.value);
  if (differences.length === 0) return [];
  return [
    {
      type: 'RegisterOrganization',
      stream: `organization:${organization}`,
      data: declared.value,
      // The version expected is the stream's, which every budget moves.
      expectedVersion: null,
      actions: [
        {
          ...{ kind: live === null ? 'create' : 'change', what: 'organization', id: organization },
          ...{ differences, declared, version: live?.version ?? null },
        },
      ],
    },
  ];
}

function retirement(
  organization: string,
  { what, retires, key }: Kind,
  id: string,
  { value, version }: Live<Json>,
): PlannedCommand {
  const differences = fieldsOf(value).map(({ field, after }) => ({
    ...{ field, before: after, after: undefined },
  }));
  return {
    type: retires,
    stream: `organization:${organization}`,
    data: { [key]: id },
    expectedVersion: version,
    actions: [{ kind: 'delete', what, id, differences, declared: null, version }],
  };
}

/** By team or project: the team above; null: the organization. What is declared counts before what is there. */
function parentsOf(
  declared: DeclaredOrganization,
  live: LiveOrganization,
): ReadonlyMap<string, string | null> {
  const parents = new Map<string, string | null>();
  const put = (id: string, { value }: { readonly value: Json }): void => {
    parents.set(id, (value['parent'] ?? value['team'] ?? null) as string | null);
  };
  for (const all of [live.teams, live.projects, declared.teams, declared.projects]) {
    for (const [id, each] of all) put(id, each);
  }
  return parents;
}

/** Teams above each other, as many as the model takes and one more: a circle must end here too. */
const DEPTH_MAX = 9;

function depth(id: string, parents: ReadonlyMap<string, string | null>): number {
  let levels = 0;
  for (let at: string | null = id; at !== null && at !== '' && levels < DEPTH_MAX; levels += 1) {
    at = parents.get(at) ?? null;
  }
  return levels;
}

/** Whose budget a command is about: a project, a team, or (empty) the organization. */
function payerOf({ data, actions: [action] }: PlannedCommand): string {
  const before = action?.differences.map(({ field, before: value }) => [field, value]) ?? [];
  const gone: Json = Object.fromEntries(before) as Json;
  return (
    [data, gone].flatMap((each) => [textIn(each, 'project'), textIn(each, 'team')]).find(Boolean) ??
    ''
  );
}

function isGrowing({ actions: [action] }: PlannedCommand): boolean {
  const amount = action?.differences.find(({ field }) => field === 'amount');
  if (action?.kind === 'create') return true;
  return amount !== undefined && Number(amount.after) > Number(amount.before);
}
