import { applicationOf } from '@prorata/quota-model';
import type { ResourceUsage, UsageRecorded } from '@prorata/schemas';
import { cutAtHours, PIECES_OF_A_LINE } from './cutAtHours.ts';
import { RESOURCES_MAX } from './mapping.ts';
import type { Mapping } from './mapping.ts';
import { fill } from './template.ts';
import type { Fields, Template } from './template.ts';
import { bad, passed } from './usageSource.ts';
import type { Told } from './usageSource.ts';
import type { Tracked, YunikornSummary } from './yunikornSummary.ts';

/** Columns that a mapping may speak of. */
export const summaryColumns = [
  'queue',
  'user',
  'application',
  'state',
  'manager',
  'instance_type',
  'resource',
] as const;

/** A cluster has tens of types of instances. */
const TYPES_MAX = 1_000;
/** Of one line: a year on ten types of instances. */
const RECORDS_MAX = 100_000;
const MICROS_A_SECOND = 1_000_000n;

/**
 * What an application held from its start to its end, a record a type of instance: what ran, what was
 * preempted and what was kept for a gang all filled the queue. How much there was at once the line does
 * not say: the peak is the even amount, which the real one was never below.
 */
export function mapSummary(summary: YunikornSummary, mapping: Mapping): Told {
  const { applicationId, finishedAt } = summary;
  const startedAt = summary.startedAt ?? summary.submittedAt;
  if (applicationId === '') return bad('LINE_UNREADABLE', 'the application has no id');
  const held = added([summary.used, summary.preempted, summary.placeholders]);
  if (held.size === 0) return passed;
  if (startedAt === null || finishedAt === null) {
    return bad('TIME_UNREADABLE', 'the application has no start or no end');
  }
  if (held.size > TYPES_MAX) return bad('LINE_UNREADABLE', `${held.size} types of instances`);
  const usages: UsageRecorded[] = [];
  for (const [index, type] of [...held.keys()].sort().entries()) {
    const filled = fillIn(summary, mapping, type, held.get(type) ?? new Map<string, bigint>());
    if ('kind' in filled) {
      if (filled.kind === 'passed') continue;
      return filled;
    }
    const pieces = cutAtHours({
      ...filled,
      // The application's own id: whoever brings one twice, in two logs, is found out.
      bootId: applicationId,
      sequence: BigInt(index) * PIECES_OF_A_LINE,
      application: applicationOf(filled.quotaId),
      windowStart: startedAt,
      windowEnd: finishedAt,
      resources: withPeak(filled.resources, finishedAt - startedAt),
    });
    if (pieces === null) return bad('RUN_TOO_LONG', 'the application ran for more than 400 days');
    usages.push(...pieces);
    if (usages.length > RECORDS_MAX) return bad('RUN_TOO_LONG', `more than ${RECORDS_MAX} pieces`);
  }
  return usages.length === 0 ? passed : { kind: 'usage', usages };
}

type FilledIn = Pick<UsageRecorded, 'hostId' | 'quotaId' | 'project' | 'zone' | 'resources'>;

function fillIn(
  summary: YunikornSummary,
  mapping: Mapping,
  type: string,
  amounts: ReadonlyMap<string, bigint>,
): FilledIn | Told {
  const fields = fieldsOf(summary, type);
  const texts: (string | null)[] = [];
  const { quota, project, zone, host, renames } = mapping;
  for (const template of [quota, project, zone, host]) {
    const filled = textOf(template, fields, mapping);
    if (filled !== null && typeof filled !== 'string') return filled;
    texts.push(filled);
  }
  const [quotaId, payer, place, hostId] = texts;
  const names = renames.get('resource');
  const resources: ResourceUsage[] = [];
  for (const [name, used] of [...amounts].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const resource = names?.get(name);
    if (resource === null) continue;
    const rest = { refused: 0n, queued: 0n, peak: 0n, trialRefused: 0n };
    resources.push({ resource: resource ?? name, used, ...rest });
  }
  if (resources.length === 0) return passed;
  // Before a year of it is cut into hours: a line of a megabyte would be hundreds of millions of amounts.
  if (resources.length > RESOURCES_MAX) {
    return bad('LINE_UNREADABLE', `${resources.length} resources, ${RESOURCES_MAX} at most`);
  }
  return {
    quotaId: quotaId ?? '',
    project: payer ?? null,
    zone: place ?? null,
    hostId: hostId ?? `yunikorn/${summary.manager}`,
    resources,
  };
}

function textOf(
  template: Template | null,
  fields: Fields,
  { renames }: Mapping,
): string | null | Told {
  if (template === null) return null;
  const filled = fill(template, fields, renames);
  if (filled.kind === 'passed') return passed;
  if (filled.kind === 'missing') return bad('COLUMN_MISSING', `there is no ${filled.column}`);
  return filled.text;
}

/** `root.prod.ads` is `prod/ads`: what a quota's id has behind its application. */
function fieldsOf(summary: YunikornSummary, type: string): Fields {
  const columns = new Map<string, string>([
    ['queue', summary.queue.replace(/^root\.?/, '').replaceAll('.', '/')],
    ['user', summary.user],
    ['application', summary.applicationId],
    ['state', summary.state],
    ['manager', summary.manager],
    ['instance_type', type],
  ]);
  return (column) => columns.get(column);
}

function added(parts: readonly Tracked[]): ReadonlyMap<string, ReadonlyMap<string, bigint>> {
  const sums = new Map<string, Map<string, bigint>>();
  for (const [type, resources] of parts.flatMap((part) => [...part])) {
    const sum = sums.get(type) ?? new Map<string, bigint>();
    sums.set(type, sum);
    for (const [resource, amount] of resources) {
      sum.set(resource, (sum.get(resource) ?? 0n) + amount);
    }
  }
  return sums;
}

function withPeak(resources: readonly ResourceUsage[], length: bigint): readonly ResourceUsage[] {
  if (length <= 0n) return resources;
  return resources.map((each) => {
    const even = (each.used * MICROS_A_SECOND + length - 1n) / length;
    return { ...each, peak: each.used <= 0n ? 0n : even };
  });
}
