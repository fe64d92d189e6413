import { applicationOf } from '@prorata/quota-model';
import type { ResourceUsage, UsageRecorded } from '@prorata/schemas';
import { decimalOf, productUpwards, wholeProduct } from './amountText.ts';
import type { ExactDecimal } from './amountText.ts';
import { cutAtHours, PIECES_OF_A_LINE } from './cutAtHours.ts';
import type { Mapping, ResourceMapping } from './mapping.ts';
import { fill } from './template.ts';
import type { Fields } from './template.ts';
import { microsOf } from './timeText.ts';
import { bad, passed } from './usageSource.ts';
import type { Told } from './usageSource.ts';

const MICROS_A_SECOND = 6;
/** Of rows whose mapping names no host: they came from no host that anybody knows. */
const NO_HOST = 'import';

/** Says why a line cannot be counted, from however deep. */
class LineObjection extends Error {
  readonly told: Told;
  constructor(told: Told) {
    super('a line cannot be counted');
    this.told = told;
  }
}

const object = (...args: Parameters<typeof bad>): LineObjection => new LineObjection(bad(...args));

/** Whose the lines are, in the ids of their records. */
export interface LineId {
  readonly importId: string;
  readonly position: bigint;
}

/** What a line of columns says, by a mapping. */
export function mapFields(fields: Fields, mapping: Mapping, id: LineId): Told {
  try {
    const usage = usageOf(fields, mapping, id);
    const pieces = cutAtHours(usage);
    if (pieces === null) return bad('RUN_TOO_LONG', 'the window is longer than 400 days');
    return { kind: 'usage', usages: pieces };
  } catch (error) {
    if (error instanceof LineObjection) return error.told;
    throw error;
  }
}

function usageOf(fields: Fields, mapping: Mapping, id: LineId): UsageRecorded {
  const text = (template: Mapping['project']): string | null => {
    if (template === null) return null;
    const filled = fill(template, fields, mapping.renames);
    if (filled.kind === 'passed') throw new LineObjection(passed);
    if (filled.kind === 'missing') {
      throw object('COLUMN_MISSING', `there is nothing in ${filled.column}`);
    }
    return filled.text;
  };
  const quotaId = text(mapping.quota) ?? '';
  const { windowStart, windowEnd } = windowOf(fields, mapping);
  const seconds: ExactDecimal = { units: windowEnd - windowStart, places: MICROS_A_SECOND };
  const resources = mapping.resources
    .map((each) => resourceOf(fields, each, text(each.resource) ?? '', seconds))
    .filter((each) => each !== null);
  if (resources.length === 0) throw object('AMOUNT_MISSING', 'no column has an amount');
  return {
    hostId: text(mapping.host) ?? NO_HOST,
    bootId: id.importId,
    sequence: id.position * PIECES_OF_A_LINE,
    application: applicationOf(quotaId),
    quotaId,
    project: text(mapping.project),
    zone: text(mapping.zone),
    windowStart,
    windowEnd,
    resources,
  };
}

function windowOf(fields: Fields, { window }: Mapping): { windowStart: bigint; windowEnd: bigint } {
  if (window === null) throw new TypeError('The format has no columns of time.');
  const time = (column: string): bigint => {
    const given = fields(column);
    if (given === undefined || given === null) {
      throw object('COLUMN_MISSING', `there is nothing in ${column}`);
    }
    const micros = microsOf(given, window.unit);
    if (micros === null) throw object('TIME_UNREADABLE', `${column} is no time: ${shown(given)}`);
    return micros;
  };
  const windowStart = time(window.start);
  return {
    windowStart,
    windowEnd: window.end === null ? windowStart + (window.length ?? 0n) : time(window.end),
  };
}

/** null: the line has no amount of this resource. */
function resourceOf(
  fields: Fields,
  mapping: ResourceMapping,
  resource: string,
  seconds: ExactDecimal,
): ResourceUsage | null {
  const { scale } = mapping;
  const given = (column: string | null): ExactDecimal | null => {
    const text = column === null ? null : fields(column);
    if (text === undefined || text === null || text.trim() === '') return null;
    const value = decimalOf(text);
    if (value === null) {
      throw object('AMOUNT_UNREADABLE', `${column ?? ''} is no number: ${shown(text)}`);
    }
    return value;
  };
  const amount = (value: ExactDecimal | null): bigint =>
    value === null ? 0n : wholeProduct(value, scale);
  const gauge = given(mapping.gauge);
  const used = given(mapping.used);
  if (gauge === null && used === null) return null;
  const peak = given(mapping.peak);
  return {
    resource,
    used: gauge === null ? amount(used) : held(gauge, scale, seconds),
    refused: amount(given(mapping.refused)),
    queued: amount(given(mapping.queued)),
    peak: productUpwards(peak ?? gauge ?? { units: 0n, places: 0 }, scale),
    trialRefused: 0n,
  };
}

/** Unit-seconds. */
const held = (gauge: ExactDecimal, scale: ExactDecimal, seconds: ExactDecimal): bigint =>
  wholeProduct({ units: gauge.units * scale.units, places: gauge.places + scale.places }, seconds);

const SHOWN = 60;
const shown = (text: string): string => (text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`);
