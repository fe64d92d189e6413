import type { ResourceLimit, Rule } from '@prorata/schemas';
import { groupNameOf } from './groupName.ts';
import type { GroupSettings } from './groupSettings.ts';
import { ELAPSED_MILLIS_MAX, FIGURE_MAX, RU_PER_SEC_MAX, RU_PER_SEC_MIN } from './resourceGroup.ts';
import type { QueryLimit, ResourceGroup, RunawayAction } from './resourceGroup.ts';

/** A quota's group, and where TiDB cannot hold what is meant. */
export interface RenderedGroup {
  readonly group: ResourceGroup;
  /** For people, one a line. */
  readonly notes: readonly string[];
}

const MICROS_A_SECOND = 1_000_000n;
/** A blocked group still gets the least rate that TiDB takes, so its queries are ended as well, ms. */
const BLOCKED_ELAPSED_MILLIS = 1_000n;
/** The least figure of a query that TiDB takes for a limit: 0 is none. */
const FIGURE_MIN = 1n;

/** TiDB cannot wait for a bounded time or tag an answer: what is delayed or degraded goes on behind all others. */
const actionOf: Readonly<Record<Rule['action'], RunawayAction>> = {
  refuse: 'KILL',
  delay: 'COOLDOWN',
  degrade: 'COOLDOWN',
  mark: 'DRYRUN',
};

/** null: nothing limits the quota's request units, so that it has no group. */
export function groupOfRule(rule: Rule, settings: GroupSettings): RenderedGroup | null {
  const limit = limitOf(rule, settings.resource);
  if (limit === null) return null;
  const notes: string[] = [];
  const note = (text: string): void => void notes.push(`${rule.quotaId}: ${text}`);
  const isEnforced = rule.mode === 'enforce';
  if (!isEnforced)
    note(`TiDB cannot count a rate without holding it, so in mode ${rule.mode} none is held.`);
  const isShut = isEnforced && isBlocked(limit);
  const ruPerSec = isEnforced ? rateOf(limit, note) : 'unlimited';
  const group = {
    name: groupNameOf(settings.prefix, rule.quotaId),
    ruPerSec,
    priority: settings.priorities[rule.tier] ?? 'LOW',
    isBurstable: ruPerSec !== 'unlimited' && !isShut && settings.burstableTiers.includes(rule.tier),
    queryLimit: isShut ? ending(queryLimitOf(rule, settings)) : queryLimitOf(rule, settings),
  };
  return { group, notes };
}

/** What a blocked group's queries are given: whatever else bounds them, a second, and then an end. */
function ending(limit: QueryLimit | null): QueryLimit {
  const elapsed = limit?.elapsedMillis ?? BLOCKED_ELAPSED_MILLIS;
  return {
    processedKeys: limit?.processedKeys ?? null,
    requestUnits: limit?.requestUnits ?? null,
    elapsedMillis: elapsed < BLOCKED_ELAPSED_MILLIS ? elapsed : BLOCKED_ELAPSED_MILLIS,
    action: 'KILL',
  };
}

function limitOf(rule: Rule, resource: string | null): ResourceLimit | null {
  return rule.limits.find((limit) => limit.resource === resource) ?? null;
}

/** A number that means nothing at all is as good as blocked: it must not become a word for no limit. */
function isBlocked({ bound, amount }: ResourceLimit): boolean {
  return bound === 'blocked' || (bound === 'amount' && amount <= 0n);
}

function rateOf(limit: ResourceLimit, note: (text: string) => void): bigint | 'unlimited' {
  if (limit.bound === 'unlimited') return 'unlimited';
  if (isBlocked(limit)) {
    note('TiDB has no rate of 0, so it is the least one, and every query ends after a second.');
    return RU_PER_SEC_MIN;
  }
  const perSecond = (limit.amount * MICROS_A_SECOND) / (limit.perMicros ?? MICROS_A_SECOND);
  if (perSecond < RU_PER_SEC_MIN) {
    note('TiDB has no rate below 1 a second.');
    return RU_PER_SEC_MIN;
  }
  if (perSecond <= RU_PER_SEC_MAX) return perSecond;
  note(`TiDB takes a rate above ${RU_PER_SEC_MAX} a second for none, so it is that one.`);
  return RU_PER_SEC_MAX;
}

/** What one query may take; in shadow mode it is logged alone, switched off there is none. */
function queryLimitOf(rule: Rule, { queryLimit }: GroupSettings): QueryLimit | null {
  if (rule.mode === 'off') return null;
  const figure = (resource: string | null, factor: bigint, most: bigint): bigint | null => {
    const limit = limitOf(rule, resource);
    if (limit === null || limit.bound === 'unlimited') return null;
    const meant = isBlocked(limit) ? FIGURE_MIN : limit.amount * factor;
    return meant < most ? meant : most;
  };
  const { elapsed, elapsedUnitMillis } = queryLimit;
  const elapsedMillis = figure(elapsed, elapsedUnitMillis, ELAPSED_MILLIS_MAX);
  const processedKeys = figure(queryLimit.processedKeys, 1n, FIGURE_MAX);
  const requestUnits = figure(queryLimit.requestUnits, 1n, FIGURE_MAX);
  if (elapsedMillis === null && processedKeys === null && requestUnits === null) return null;
  const action = rule.mode === 'shadow' ? 'DRYRUN' : actionOf[rule.action];
  return { elapsedMillis, processedKeys, requestUnits, action };
}
