/** Resource groups as SQL that can be run again and again, and back. */
import type { TidbPriority } from '@prorata/quota-model';
import type { QueryLimit, ResourceGroup, RunawayAction } from './resourceGroup.ts';

/** How a server is told not to burst: `OFF` where BURSTABLE is a mode, `FALSE` where it is a boolean. */
export type BurstableOff = 'OFF' | 'FALSE';

/** Text that did not come from `groupsText`, or was changed since. */
export class UnreadableGroups extends Error {
  override readonly name = 'UnreadableGroups';
}

export interface GroupsText {
  readonly prefix: string;
  readonly burstableOff: BurstableOff;
  readonly groups: readonly ResourceGroup[];
}

const HEADER =
  /^-- Resource groups of Prorata: every group whose name begins with ([a-z0-9_]+) is its own\.$/;

function headerOf(prefix: string): string {
  return `-- Resource groups of Prorata: every group whose name begins with ${prefix} is its own.`;
}

/**
 * Two statements a group: one makes it where it is not, the other sets every option of one that is, for an option
 * that `ALTER` does not name stays as it was.
 */
export function groupsText(
  prefix: string,
  burstableOff: BurstableOff,
  groups: readonly ResourceGroup[],
): string {
  const lines = groups.flatMap((group) => [
    createStatement(group),
    alterStatement(group, burstableOff),
  ]);
  return `${[headerOf(prefix), ...lines].join('\n')}\n`;
}

export function createStatement(group: ResourceGroup): string {
  const burst = group.isBurstable ? ' BURSTABLE' : '';
  const query = group.queryLimit === null ? '' : ` QUERY_LIMIT = ${queryText(group.queryLimit)}`;
  return `CREATE RESOURCE GROUP IF NOT EXISTS ${quotedName(group.name)} ${ratesText(group)}${burst}${query};`;
}

export function alterStatement(group: ResourceGroup, off: BurstableOff): string {
  const query = group.queryLimit === null ? 'NULL' : queryText(group.queryLimit);
  return `ALTER RESOURCE GROUP ${quotedName(group.name)} ${ratesText(group)}${burstText(group, off)} QUERY_LIMIT = ${query};`;
}

export function dropStatement(name: string): string {
  return `DROP RESOURCE GROUP IF EXISTS ${quotedName(name)};`;
}

function quotedName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

function ratesText({ ruPerSec, priority }: ResourceGroup): string {
  const rate = ruPerSec === 'unlimited' ? 'UNLIMITED' : ruPerSec.toString();
  return `RU_PER_SEC = ${rate} PRIORITY = ${priority}`;
}

/** An unlimited rate is burstable in TiDB's own way: nothing is said of it. */
function burstText({ ruPerSec, isBurstable }: ResourceGroup, off: BurstableOff): string {
  if (ruPerSec === 'unlimited') return '';
  return isBurstable ? ' BURSTABLE' : ` BURSTABLE = ${off}`;
}

function queryText({ elapsedMillis, processedKeys, requestUnits, action }: QueryLimit): string {
  const parts = [
    ...(elapsedMillis === null ? [] : [`EXEC_ELAPSED = '${elapsedMillis}ms'`]),
    ...(processedKeys === null ? [] : [`PROCESSED_KEYS = ${processedKeys}`]),
    ...(requestUnits === null ? [] : [`RU = ${requestUnits}`]),
    `ACTION = ${action}`,
  ];
  return `(${parts.join(', ')})`;
}

const ALTER =
  /^ALTER RESOURCE GROUP `([a-z0-9_$]+)` RU_PER_SEC = (UNLIMITED|[1-9]\d*) PRIORITY = (LOW|MEDIUM|HIGH)( BURSTABLE(?: = (?:OFF|FALSE))?)? QUERY_LIMIT = (?:NULL|\((.+)\));$/;
const QUERY =
  /^(?:EXEC_ELAPSED = '([1-9]\d*)ms', )?(?:PROCESSED_KEYS = ([1-9]\d*), )?(?:RU = ([1-9]\d*), )?ACTION = (DRYRUN|COOLDOWN|KILL)$/;

/**
 * What a text says, comments apart.
 * @throws UnreadableGroups for a statement that is not of `groupsText`, or is not where it belongs
 */
export function readGroupsText(text: string): GroupsText {
  const lines = text.split('\n');
  const prefix = HEADER.exec(lines[0] ?? '')?.[1];
  if (prefix === undefined) throw new UnreadableGroups('The first line names no prefix.');
  const statements = lines.filter((line) => line !== '' && !line.startsWith('--'));
  const alters = statements.filter((_, index) => index % 2 === 1);
  const groups = alters.map(readAlter);
  const burstableOff = alters.some((line) => line.includes(' BURSTABLE = FALSE '))
    ? 'FALSE'
    : 'OFF';
  const meant = groups.flatMap((group) => [
    createStatement(group),
    alterStatement(group, burstableOff),
  ]);
  const wrong = statements.findIndex((statement, index) => statement !== meant[index]);
  if (wrong >= 0) throw new UnreadableGroups(`Statement ${wrong + 1} is not of this text's form.`);
  return { prefix, burstableOff, groups };
}

function readAlter(line: string): ResourceGroup {
  const [, name, rate, priority, burst, query] = ALTER.exec(line) ?? [];
  if (name === undefined || rate === undefined || priority === undefined) {
    throw new UnreadableGroups(`No statement of a group: ${line.slice(0, 120)}`);
  }
  return {
    name,
    ruPerSec: rate === 'UNLIMITED' ? 'unlimited' : BigInt(rate),
    priority: priority as TidbPriority,
    isBurstable: burst === ' BURSTABLE',
    queryLimit: query === undefined ? null : readQuery(query),
  };
}

function readQuery(text: string): QueryLimit {
  const [, elapsed, keys, units, action] = QUERY.exec(text) ?? [];
  if (action === undefined) throw new UnreadableGroups(`No query limit: ${text.slice(0, 120)}`);
  const figure = (digits: string | undefined): bigint | null =>
    digits === undefined ? null : BigInt(digits);
  return {
    elapsedMillis: figure(elapsed),
    processedKeys: figure(keys),
    requestUnits: figure(units),
    action: action as RunawayAction,
  };
}
