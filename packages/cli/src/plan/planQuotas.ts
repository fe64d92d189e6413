import type { Declared, DeclaredApplication } from '../file/declaration.ts';
import { differencesOf, fieldsOf } from './differences.ts';
import type { Difference } from './differences.ts';
import type { Json } from './json.ts';
import { loosens } from './loosens.ts';
import type { LiveApplication, Live } from './liveState.ts';
import type { Action, Obstacle, PlannedCommand } from './plan.ts';

/** Steps of one ChangeTree, as many as the model takes. */
export const STEPS_MAX = 500;
/** Bytes of its JSON: the gateway takes 256 KiB, with room for what is around them. */
const STEPS_BYTES_MAX = 200_000;

interface Step {
  readonly action: Action;
  readonly step: Json;
}

export interface QuotaPlan {
  /** Changes of who pays, each a command of its own: a tree's steps cannot say it. */
  readonly transfers: readonly PlannedCommand[];
  /** One ChangeTree, or several where one has no room. */
  readonly trees: readonly PlannedCommand[];
  readonly obstacles: readonly Obstacle[];
}

/** What makes the quotas that there are those that are declared. */
export function planQuotas(declared: DeclaredApplication, live: LiveApplication): QuotaPlan {
  const transfers: PlannedCommand[] = [];
  const obstacles: Obstacle[] = [];
  const steps = deletions(declared, live);
  for (const [quotaId, quota] of declared.quotas) {
    const found = live.quotas.get(quotaId);
    if (found === undefined) {
      steps.push(creation(quotaId, quota));
      continue;
    }
    const transfer = transferOf(quotaId, quota, found);
    if (transfer === 'impossible') obstacles.push(unnamedPayer(quotaId, quota));
    else if (transfer !== null) transfers.push(transfer);
    const change = changeOf(quotaId, quota, found);
    if (change !== null) steps.push(change);
  }
  const moved = transfers.flatMap(({ actions }) => actions.map(({ id }) => id));
  const expected = steps.map((step) =>
    isBelowAny(step.action.id, moved) ? anyVersion(step) : step,
  );
  return { transfers, trees: treesOf(declared.application, inOrder(expected)), obstacles };
}

function creation(quotaId: string, declared: Declared<Json>): Step {
  const action: Action = {
    ...{ kind: 'create', what: 'quota', id: quotaId, declared, version: null },
    differences: fieldsOf(declared.value),
  };
  return { action, step: { expectedVersion: 0, create: { quotaId, content: declared.value } } };
}

function changeOf(quotaId: string, declared: Declared<Json>, live: Live<Json>): Step | null {
  const differences = differencesOf(live.value, declared.value).filter(
    ({ field }) => field !== 'project',
  );
  if (differences.length === 0) return null;
  const { version } = live;
  const action: Action = {
    kind: 'change',
    what: 'quota',
    id: quotaId,
    declared,
    version,
    differences,
  };
  const change = { quotaId, ...changedFields(differences, declared.value) };
  return { action, step: { expectedVersion: version.toString(), change } };
}

/** Fields that a change sets back by naming them. */
const cleared = new Set(['degradeTag', 'mode', 'onStale', 'requests']);

/** Of ChangeStep what differs, and no more: so the audit log has what somebody changed. */
function changedFields(differences: readonly Difference[], content: Json): Json {
  const roots = new Set(differences.map(({ field }) => field.split('.')[0] ?? ''));
  const limits = differences.filter(({ field }) => field.startsWith('limits.'));
  const others = [...roots].filter((name) => name !== 'limits');
  const clear = others.filter((name) => cleared.has(name) && content[name] === null);
  const set = others.filter((name) => !clear.includes(name)).map((name) => [name, content[name]]);
  return {
    ...(Object.fromEntries(set) as Json),
    ...(clear.length === 0 ? {} : { clear }),
    ...(limits.length === 0
      ? {}
      : {
          setLimits: limits.flatMap(({ after }) => (after === undefined ? [] : [after])),
          unsetLimits: limits
            .filter(({ after }) => after === undefined)
            .map(({ field }) => field.slice('limits.'.length)),
        }),
  };
}

/** `impossible`: a payer that a quota names can be replaced, and not taken back. */
function transferOf(
  quotaId: string,
  declared: Declared<Json>,
  live: Live<Json>,
): PlannedCommand | 'impossible' | null {
  const [before, after] = [live.value['project'] ?? null, declared.value['project'] ?? null];
  if (before === after) return null;
  if (after === null) return 'impossible';
  const { version } = live;
  const differences = [{ field: 'project', before, after }];
  return {
    type: 'TransferQuota',
    stream: `application:${quotaId.split('/')[0] ?? ''}`,
    data: { quotaId, project: after },
    expectedVersion: version,
    actions: [{ kind: 'transfer', what: 'quota', id: quotaId, declared, version, differences }],
  };
}

function unnamedPayer(quotaId: string, declared: Declared<Json>): Obstacle {
  const message = `${quotaId} names who pays, and that cannot be taken back: declare its "project", or another one.`;
  return { id: quotaId, declared, path: [], message };
}

/** What lies in a managed part and is not declared, except what is above something declared. */
function deletions(declared: DeclaredApplication, live: LiveApplication): Step[] {
  const kept = new Set([...declared.quotas.keys()].flatMap(withAncestors));
  return [...live.quotas]
    .filter(([quotaId]) => isBelowAny(quotaId, declared.managed) && !kept.has(quotaId))
    .map(([quotaId, { value, version }]) => ({
      action: {
        ...{ kind: 'delete', what: 'quota', id: quotaId, declared: null, version },
        differences: fieldsOf(value).map(({ field, after }) => ({
          ...{ field, before: after, after: undefined },
        })),
      },
      step: { expectedVersion: version.toString(), delete: { quotaId } },
    }));
}

function withAncestors(quotaId: string): readonly string[] {
  const segments = quotaId.split('/');
  return segments.map((_segment, index) => segments.slice(0, index + 1).join('/'));
}

function isBelowAny(quotaId: string, places: readonly string[]): boolean {
  return places.some((place) => quotaId === place || quotaId.startsWith(`${place}/`));
}

/** A transfer raises versions below by what it lifts there, which nobody knows before. */
function anyVersion({ action, step }: Step): Step {
  return { action, step: action.kind === 'create' ? step : { ...step, expectedVersion: null } };
}

/**
 * Deletions from the leaves up, what tightens from the leaves up, then what loosens and what is new from
 * the root down: so that where one command has no room for all, each part most often leaves a tree that may be.
 */
function inOrder(steps: readonly Step[]): readonly Step[] {
  const rank = ({ action }: Step): number =>
    action.kind === 'delete' ? 0 : action.kind === 'change' && !loosens(action) ? 1 : 2;
  const depth = ({ action }: Step): number => action.id.split('/').length;
  return [...steps].sort((a, b) => {
    const byRank = rank(a) - rank(b);
    if (byRank !== 0) return byRank;
    const byDepth = rank(a) === 2 ? depth(a) - depth(b) : depth(b) - depth(a);
    return byDepth !== 0 ? byDepth : a.action.id < b.action.id ? -1 : 1;
  });
}

function treesOf(application: string, steps: readonly Step[]): readonly PlannedCommand[] {
  const groups: Step[][] = [];
  let bytes = 0;
  for (const step of steps) {
    const size = Buffer.byteLength(JSON.stringify(step.step));
    const last = groups.at(-1);
    const hasRoom =
      last !== undefined && last.length < STEPS_MAX && bytes + size <= STEPS_BYTES_MAX;
    bytes = hasRoom ? bytes + size : size;
    if (hasRoom) last.push(step);
    else groups.push([step]);
  }
  return groups.map((group) => ({
    type: 'ChangeTree',
    stream: `application:${application}`,
    data: { steps: group.map(({ step }) => step) },
    expectedVersion: null,
    actions: group.map(({ action }) => action),
  }));
}
