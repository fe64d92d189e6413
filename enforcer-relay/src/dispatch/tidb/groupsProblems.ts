/** What TiDB would refuse, or take as something else. */
import { isGroupPrefix } from '@prorata/quota-model';
import { GROUP_NAME_BYTES_MAX } from './groupName.ts';
import { readGroupsText, UnreadableGroups } from './groupsText.ts';
import { ELAPSED_MILLIS_MAX, FIGURE_MAX, RU_PER_SEC_MAX, RU_PER_SEC_MIN } from './resourceGroup.ts';
import type { QueryLimit, ResourceGroup } from './resourceGroup.ts';

/** Each is a job of TiDB's one queue of schema changes, and a row that every server keeps: more are too many. */
export const GROUPS_MAX = 2_000;

/** For people; empty: the text may be written. */
export function groupsProblems(text: string): string[] {
  try {
    const { prefix, groups } = readGroupsText(text);
    if (!isGroupPrefix(prefix)) return [`${prefix} is no prefix of groups.`];
    if (groups.length === 0) return ['There is no group: an empty set is never written.'];
    if (groups.length > GROUPS_MAX)
      return [`${groups.length} groups, and ${GROUPS_MAX} are the most.`];
    const isTwice = twice(groups.map(({ name }) => name));
    return groups.flatMap((group) => groupProblems(group, prefix, isTwice));
  } catch (error) {
    if (error instanceof UnreadableGroups) return [error.message];
    throw error;
  }
}

function groupProblems(
  group: ResourceGroup,
  prefix: string,
  isTwice: ReadonlySet<string>,
): string[] {
  const { name, ruPerSec, queryLimit } = group;
  const problems: string[] = [];
  if (!name.startsWith(prefix) || name === prefix)
    problems.push(`${name} does not begin with ${prefix}.`);
  if (name.length > GROUP_NAME_BYTES_MAX) {
    problems.push(`${name} has more than ${GROUP_NAME_BYTES_MAX} bytes.`);
  }
  if (isTwice.has(name)) problems.push(`${name} stands for two quotas.`);
  if (ruPerSec !== 'unlimited' && (ruPerSec < RU_PER_SEC_MIN || ruPerSec > RU_PER_SEC_MAX)) {
    problems.push(`${name}: ${ruPerSec} RU a second are not within 1 to ${RU_PER_SEC_MAX}.`);
  }
  if (queryLimit !== null) problems.push(...queryProblems(name, queryLimit));
  return problems;
}

function queryProblems(name: string, limit: QueryLimit): string[] {
  const { elapsedMillis, processedKeys, requestUnits } = limit;
  if (elapsedMillis === null && processedKeys === null && requestUnits === null) {
    return [`${name}: a limit of queries says no figure.`];
  }
  if (elapsedMillis !== null && elapsedMillis > ELAPSED_MILLIS_MAX) {
    return [`${name}: ${elapsedMillis} ms are more than a query may be given.`];
  }
  const figures = [processedKeys, requestUnits].filter((figure) => figure !== null);
  return figures.some((figure) => figure > FIGURE_MAX) ? [`${name}: a figure is over 2^63-1.`] : [];
}

function twice(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(names.filter((name) => seen.size === seen.add(name).size));
}
