/**
 * Whether a changed tree holds together: each limit under its ancestors and over what is below it, sums within
 * what they are sums of, projects within their entitlements. Judged on the whole resulting tree by the sums
 * kept in it: a command of many steps is judged once, so that shares may change hands in any order.
 * Where a rule was broken before (a total that shrank), what does not make it worse is let through.
 */
import type { ResourceLimit, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import type { ChangedQuota, TreeChange } from '../decide/treeDraft.ts';
import { declaredLimit, resourcesOf } from '../layers.ts';
import { compareBounds, describeLimit, sameLimit } from '../limits.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import { SUM_TIMES_MAX } from '../modelBounds.ts';
import { projectOf } from '../payers.ts';
import type { Claim } from '../sums/tally.ts';
import { NO_CLAIM, claimOfTally } from '../sums/tally.ts';
import { claimOf, claimedResources, tallyOf } from '../sums/treeSums.ts';
import { holdingViolations } from './entitlement.ts';
import { limitIn, setterAbove, settersBelow } from './setters.ts';
import { grownExcess, keptExcess } from './sumExcess.ts';
import { movedWindowViolations, windowViolations } from './windows.ts';

/** How many offenders a message names. */
const NAMED_MAX = 3;
/** How many quotas are looked at to name them: the verdict is known without. */
const NAMED_VISITS_MAX = 1_000;

/** A changed quota that is there afterwards, with the resources whose limits, place or payer changed. */
interface Touched {
  readonly quota: QuotaState;
  readonly changed: ChangedQuota;
  readonly resources: readonly string[];
  readonly isPlaced: boolean;
}

export function fitViolations(change: TreeChange): Violation[] {
  const touched = change.quotas.flatMap((changed) => touchedOf(change, changed));
  return [
    ...touched.flatMap((each) => limitViolations(change, each)),
    ...sumViolations(change, touched),
    ...entitlementViolations(change, touched),
  ];
}

function touchedOf(change: TreeChange, changed: ChangedQuota): Touched[] {
  const { before, after } = changed;
  if (after === null) return [];
  const isPlaced =
    before === null ||
    before.quotaId !== after.quotaId ||
    before.content.project !== after.content.project;
  const resources = isPlaced
    ? claimedResources(change.after, after.quotaId)
    : new Set([...resourcesOf(before), ...resourcesOf(after)]);
  const differing = [...resources].filter(
    (resource) =>
      isPlaced || !sameLimit(declaredLimit(before, resource), declaredLimit(after, resource)),
  );
  return [{ quota: after, changed, resources: differing, isPlaced }];
}

function limitViolations(change: TreeChange, touched: Touched): Violation[] {
  const { quota, changed, resources, isPlaced } = touched;
  const { quotaId } = quota;
  return resources.flatMap((resource) => {
    const path = changed.pathOf(resource);
    const limit = declaredLimit(quota, resource);
    const windows = limit === null ? [] : windowViolations(change.after, quotaId, limit, path);
    return [
      ...windows,
      ...(isPlaced && windows.length === 0
        ? movedWindowViolations(change.after, quotaId, resource, path)
        : []),
      ...aboveViolations(change, changed, quotaId, resource, path),
      ...(limit === null ? [] : belowViolations(change, changed, limit, path)),
    ];
  });
}

function aboveViolations(
  change: TreeChange,
  changed: ChangedQuota,
  quotaId: string,
  resource: string,
  path: string,
): Violation[] {
  const state = change.after;
  const above = setterAbove(state, quotaId, resource);
  const claim = claimOf(state, quotaId, resource);
  if (above === null) return totalViolations(change, changed, claim, resource, path);
  if (!exceeds(claim, above.limit)) return [];
  const own = limitIn(state, quotaId, resource);
  const message =
    `${resource} ${own === null ? `${describeClaim(claim, above.limit)} below ${quotaId}` : describeLimit(own)} ` +
    `is above ${describeLimit(above.limit)} of ${above.quotaId}.`;
  return [violation('PARENT_LIMIT_EXCEEDED', path, message)];
}

/**
 * Above the first level stands the application, whose maximum of a capacity is what there is of it. A total
 * shrinks by itself, so only what is raised is judged; of consumables the sum says more.
 */
function totalViolations(
  { before, after }: TreeChange,
  { before: former }: ChangedQuota,
  claim: Claim,
  resource: string,
  path: string,
): Violation[] {
  const { kind, total } = after.registration.resources.get(resource) ?? {};
  if (kind !== 'capacity' || total === undefined || total === null) return [];
  const least = former === null ? NO_CLAIM : claimOf(before, former.quotaId, resource);
  const { sum, largest } = claim;
  const isUnlimited = sum.unlimited > 0 && least.sum.unlimited === 0;
  const most = largest?.amount ?? 0n;
  if (!isUnlimited && (most <= total || most <= (least.largest?.amount ?? 0n))) return [];
  const told = isUnlimited ? 'unlimited' : most.toString();
  const message = `${resource} ${told} is above the total of ${after.id}, ${total.toString()}.`;
  return [violation('TOTAL_EXCEEDED', path, message)];
}

/** Whether any of the limits that the claim is made of is above the limit. */
function exceeds({ sum, largest }: Claim, limit: ResourceLimit): boolean {
  if (limit.bound === 'unlimited') return false;
  if (sum.unlimited > 0) return true;
  if (largest === null) return false;
  return (
    limit.bound === 'blocked' ||
    largest.amount * (limit.perMicros ?? 1n) > limit.amount * largest.per
  );
}

function describeClaim({ sum, largest }: Claim, like: ResourceLimit): string {
  if (sum.unlimited > 0 || largest === null) return 'unlimited';
  const perMicros = like.kind === 'rate' ? largest.per : null;
  return describeLimit({ ...like, bound: 'amount', amount: largest.amount, perMicros });
}

function belowViolations(
  { before, after }: TreeChange,
  { before: former, after: quota }: ChangedQuota,
  limit: ResourceLimit,
  path: string,
): Violation[] {
  const { resource } = limit;
  const quotaId = quota?.quotaId ?? '';
  const tally = tallyOf(after, quotaId, resource);
  if (tally === null) return [];
  const claim = claimOfTally(tally);
  if (exceeds(claim, limit)) {
    const message =
      `Quotas below need up to ${describeClaim(claim, limit)} of ${resource}, more than ` +
      `${describeLimit(limit)}: ${namedAbove(after, quotaId, limit)}.`;
    return [violation('CHILDREN_NEED_MORE', path, message)];
  }
  const tallyBefore = former === null ? null : tallyOf(before, former.quotaId, resource);
  if (former === null || tallyBefore === null) return [];
  const sums = { before: tallyBefore.sum, after: tally.sum };
  const excess = keptExcess(limit, declaredLimit(former, resource), sums, quotaId);
  return excess === null ? [] : [violation('CHILDREN_NEED_MORE', path, excess)];
}

function namedAbove(state: ApplicationState, quotaId: string, limit: ResourceLimit): string {
  const named: string[] = [];
  for (const setter of settersBelow(state, quotaId, limit.resource, NAMED_VISITS_MAX)) {
    if (compareBounds(setter.limit, limit) <= 0) continue;
    named.push(`${setter.quotaId} has ${describeLimit(setter.limit)}`);
    if (named.length === NAMED_MAX) return `${named.join(', ')}, …`;
  }
  return named.length === 0 ? `among those below ${quotaId}` : named.join(', ');
}

/** Sums of those that count for one quota (or the application) are judged once, at the last step that raised them. */
function sumViolations(change: TreeChange, touched: readonly Touched[]): Violation[] {
  const judged = new Set<string>();
  const violations: Violation[] = [];
  for (const { quota, changed, resources } of touched.toReversed()) {
    for (const resource of resources) {
      const above = setterAbove(change.after, quota.quotaId, resource);
      const id = above?.quotaId ?? change.after.id;
      if (judged.has(`${id} ${resource}`) || !isRaised(change, changed, resource)) continue;
      judged.add(`${id} ${resource}`);
      violations.push(...grownViolations(change, id, resource, changed.pathOf(resource)));
    }
  }
  return violations.reverse();
}

/** Whether the quota counts for more than it did, or for somebody else than before. */
function isRaised(change: TreeChange, changed: ChangedQuota, resource: string): boolean {
  const { before, after } = changed;
  if (before === null || after === null || before.quotaId !== after.quotaId) return true;
  const id = after.quotaId;
  const aboveBefore = setterAbove(change.before, id, resource)?.quotaId;
  if (aboveBefore !== setterAbove(change.after, id, resource)?.quotaId) return true;
  const from = claimOf(change.before, id, resource).sum;
  const to = claimOf(change.after, id, resource).sum;
  return (
    to.unlimited > from.unlimited ||
    to.guarantees > from.guarantees ||
    to.amounts.some(
      ({ key, amount }) => amount > (from.amounts.find((entry) => entry.key === key)?.amount ?? 0n),
    )
  );
}

function grownViolations(
  change: TreeChange,
  id: string,
  resource: string,
  path: string,
): Violation[] {
  const after = tallyOf(change.after, id, resource);
  // Where quotas moved, an id may have meant another quota before.
  const isSame = id === change.after.id || !change.quotas.some(isMoved);
  const before = isSame ? tallyOf(change.before, id, resource) : null;
  if (after === null) return [];
  const times = after.sum.amounts.length;
  if (times > SUM_TIMES_MAX && times > (before?.sum.amounts.length ?? 0)) {
    const message = `The limits of ${resource} that count for ${id} would have more than ${SUM_TIMES_MAX} different times or windows.`;
    return [violation('TOO_MANY', path, message)];
  }
  const excess = grownExcess(change.after, id, before, after);
  if (excess === null) return [];
  const code = id === change.after.id ? 'TOTAL_EXCEEDED' : 'PARENT_SUM_EXCEEDED';
  return [violation(code, path, excess)];
}

function isMoved({ before, after }: ChangedQuota): boolean {
  return before !== null && after !== null && before.quotaId !== after.quotaId;
}

function entitlementViolations(change: TreeChange, touched: readonly Touched[]): Violation[] {
  const judged = new Set<string>();
  const violations: Violation[] = [];
  for (const { quota, changed, resources, isPlaced } of touched.toReversed()) {
    const payers = isPlaced
      ? payersWithin(change.after, quota.quotaId)
      : [projectOf(change.after, quota.quotaId)];
    for (const project of payers) {
      for (const resource of resources) {
        if (project === null || judged.has(`${project} ${resource}`)) continue;
        judged.add(`${project} ${resource}`);
        const path = changed.pathOf(resource);
        violations.push(...holdingViolations(change.before, change.after, project, resource, path));
      }
    }
  }
  return violations.reverse();
}

/** Who pays for anything in a subtree: one project from above, or the top-most ones in it. */
function payersWithin(state: ApplicationState, quotaId: string): readonly string[] {
  const inherited = projectOf(state, quotaId);
  if (inherited !== null) return [inherited];
  const payers = new Set<string>();
  const waiting = [...(state.children.get(quotaId) ?? [])];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const project = state.quotas.get(id)?.content.project ?? null;
    if (project === null) waiting.push(...(state.children.get(id) ?? []));
    else payers.add(project);
  }
  return [...payers];
}
