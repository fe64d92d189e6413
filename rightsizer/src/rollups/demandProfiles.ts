import { DOUBLE, DuckDBDoubleVector, DuckDBIntegerVector } from '@duckdb/node-api';
import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import type { EvenSeries } from '../recommend/recommendation.ts';
import type { DemandOf, DemandProfile, ProfilesAsked, ProfileSeries } from './rolledUsage.ts';
import { atOnceSql } from './rollupSql.ts';
import type { StepMeasure } from './rollupSql.ts';

/** Slots and steps that are read by one query, in each of a few columns: some 8,000 limits with fourteen days of hours. */
export const VALUES_AT_ONCE = 3_000_000;
const SECOND_MICROS = 1_000_000n;
/** Beyond it a double may lie below the whole number that it stands for. */
const EXACT_MAX = 2 ** 53;

/** What one page of limits is read from. */
export interface ProfileSources {
  /** SQL: `quota_id`, `resource`, `slot_start` and these measures of each slot. */
  readonly slots: (measures: readonly StepMeasure[]) => string;
  /** SQL of steps, as stepsSql has them, that begin at or after a moment. */
  readonly steps: (from: bigint) => string;
}

/** A page of a question: its limits in the order of quotas. */
export type ProfilePage = Omit<ProfilesAsked, 'series'> & {
  readonly series: readonly ProfileSeries[];
};

/** By quota and resource: files of roll-ups are sorted so, and a page reads a stretch of each. */
export function profilePages({ series, ...asked }: ProfilesAsked): ProfilePage[] {
  const sorted = [...series].sort((left, right) => (isBefore(left, right) ? -1 : 1));
  const values = Number((asked.to - asked.from) / asked.slotMicros) + asked.steps;
  const atOnce = Math.max(1, Math.floor(VALUES_AT_ONCE / values));
  const pages: ProfilePage[] = [];
  for (let at = 0; at < sorted.length; at += atOnce) {
    pages.push({ ...asked, series: sorted.slice(at, at + atOnce) });
  }
  return pages;
}

/** @throws RangeError */
export function mustBeProfiles({ from, to, stepMicros, slotMicros, steps }: ProfilesAsked): void {
  const isEven = stepMicros > 0n && slotMicros % stepMicros === 0n && from % slotMicros === 0n;
  if (!isEven || to % stepMicros !== 0n || to < from || !Number.isInteger(steps) || steps < 1) {
    throw new RangeError('Slots are whole steps, and times are multiples of them.');
  }
}

/** Where steps must be read from: those before the wanted ones count for a rate over several of them. */
export function firstStep({ series, to, stepMicros, slotMicros, steps }: ProfilePage): bigint {
  const isLong = series.some((each) => isOverSteps(each, stepMicros));
  return to - BigInt(steps) * stepMicros - (isLong ? slotMicros : 0n);
}

export async function readProfiles(
  connection: DuckDBConnection,
  page: ProfilePage,
  sources: ProfileSources,
): Promise<DemandProfile[]> {
  await nameSeries(connection, page);
  const { from, to, slotMicros, stepMicros, series } = page;
  const slotCount = Number((to - from) / slotMicros);
  const stepsFrom = firstStep(page);
  const stepCount = Number((to - stepsFrom) / stepMicros);
  const slots = new Grid(series.length, slotCount, 2);
  await slots.read(connection, slotsQuery(page, sources));
  const steps = new Grid(series.length, stepCount, 3);
  await steps.read(connection, stepsQuery(page, sources, stepsFrom));
  return series.map((each, place) => {
    const isLong = isOverSteps(each, stepMicros);
    const wanted = slots.values(0, place);
    const newest = steps.values(0, place);
    if (isLong) {
      const totals = slots.values(1, place);
      slidingOverSlots(wanted, totals, each, slotMicros);
      slidingOverSteps(newest, steps.values(2, place), totals, each, page);
    }
    const first = stepCount - page.steps;
    const even = (at: bigint, length: bigint, values: Float64Array): EvenSeries => ({
      ...{ from: at, stepMicros: length, values },
    });
    const shown = newest.subarray(first);
    return {
      series: each,
      slots: even(from, slotMicros, wanted),
      steps: even(to - BigInt(page.steps) * stepMicros, stepMicros, shown),
      pressed: steps.values(1, place).subarray(first),
      highest: highestOf(wanted, shown),
    };
  });
}

/** Columns of numbers by limit and place in time; NaN where no row spoke of it. */
class Grid {
  readonly #length: number;
  readonly #columns: readonly Float64Array[];

  constructor(series: number, length: number, columns: number) {
    this.#length = length;
    this.#columns = Array.from({ length: columns }, () =>
      new Float64Array(series * length).fill(Number.NaN),
    );
  }

  /** @param query gives the limit's place, the place in time, and a number for each column */
  async read(connection: DuckDBConnection, query: string): Promise<void> {
    // All at once, in the database's own thread: while one page is looked at, the next is read.
    const result = await connection.run(query);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      this.#take(chunk);
    }
  }

  values(column: number, place: number): Float64Array {
    const values = this.#columns[column] ?? new Float64Array();
    return values.subarray(place * this.#length, (place + 1) * this.#length);
  }

  #take(chunk: DuckDBDataChunk): void {
    const places = integersOf(chunk, 0);
    const times = integersOf(chunk, 1);
    for (const [column, values] of this.#columns.entries()) {
      if (column + 2 >= chunk.columnCount) return;
      const numbers = doublesOf(chunk, column + 2);
      for (let row = 0; row < chunk.rowCount; row += 1) {
        const at = (places[row] ?? 0) * this.#length + (times[row] ?? 0);
        values[at] = numbers[row] ?? Number.NaN;
      }
    }
  }
}

/** A vector's own array: `getItem` looks for a null at each of millions. */
function integersOf(chunk: DuckDBDataChunk, column: number): Int32Array {
  const vector = chunk.getColumnVector(column);
  if (!(vector instanceof DuckDBIntegerVector)) throw new TypeError('A column of integers.');
  return vector['items'] as Int32Array;
}

function doublesOf(chunk: DuckDBDataChunk, column: number): Float64Array {
  const vector = chunk.getColumnVector(column);
  if (!(vector instanceof DuckDBDoubleVector)) throw new TypeError(`A column of ${DOUBLE.alias}.`);
  return vector['items'] as Float64Array;
}

/** A rate that spans several steps. */
function isOverSteps({ perMicros }: ProfileSeries, stepMicros: bigint): boolean {
  return perMicros !== null && perMicros > stepMicros;
}

/**
 * The temporary table `asked`: each limit's place, what of the rows is its demand, and by how much an amount
 * of a step, and one of a second, is multiplied to be in its unit.
 */
async function nameSeries(
  connection: DuckDBConnection,
  { series, stepMicros }: ProfilePage,
): Promise<void> {
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE asked (place INTEGER, quota_id VARCHAR, resource VARCHAR,
      form VARCHAR, per_step DOUBLE, per_second DOUBLE)`,
  );
  const appender = await connection.createAppender('asked');
  for (const [place, { quotaId, resource, perMicros, demandOf }] of series.entries()) {
    appender.appendInteger(place);
    appender.appendVarchar(quotaId);
    appender.appendVarchar(resource);
    appender.appendVarchar(formOf({ demandOf, perMicros }));
    appender.appendDouble(Number(perMicros ?? stepMicros) / Number(stepMicros));
    const isOfSeconds = perMicros !== null && perMicros <= SECOND_MICROS;
    appender.appendDouble(isOfSeconds ? Number(perMicros) / Number(SECOND_MICROS) : 0);
    appender.endRow();
  }
  appender.closeSync();
}

type Form = `${DemandOf} ${'rate' | 'at once'}`;
const formOf = ({ demandOf, perMicros }: Pick<ProfileSeries, 'demandOf' | 'perMicros'>): Form =>
  `${demandOf} ${perMicros === null ? 'at once' : 'rate'}`;

/** What a page needs of the rows: a column that nobody asked for is not read. */
function formsOf(page: ProfilePage): readonly { readonly form: Form; readonly of: DemandOf }[] {
  const forms = new Map(page.series.map((each) => [formOf(each), each.demandOf]));
  return [...forms].map(([form, of]) => ({ form, of }));
}

const cases = (
  forms: readonly { readonly form: Form; readonly of: DemandOf }[],
  sql: (form: Form, of: DemandOf) => string,
): string =>
  forms.length === 1 && forms[0] !== undefined
    ? sql(forms[0].form, forms[0].of)
    : `CASE form ${forms.map(({ form, of }) => `WHEN '${form}' THEN ${sql(form, of)}`).join(' ')} END`;

function slotsQuery(page: ProfilePage, { slots }: ProfileSources): string {
  const { from, slotMicros, stepMicros, series } = page;
  const forms = formsOf(page);
  const isLong = series.some((each) => isOverSteps(each, stepMicros));
  const measures = forms.flatMap(({ form, of }): StepMeasure[] =>
    form.endsWith('rate')
      ? [`${of}_step`, `${of}_top`, ...(isLong ? [`${of}_total` as const] : [])]
      : [`${of}_at_once`],
  );
  const value = cases(forms, (form, of) =>
    form.endsWith('rate')
      ? `greatest(${of}_step * per_step, ${of}_top * per_second)`
      : `${of}_at_once`,
  );
  const total = cases(forms, (form, of) => (form.endsWith('rate') ? `${of}_total` : '0::DOUBLE'));
  return `
    SELECT place, ((slot_start - ${from}) // ${slotMicros})::INTEGER AS at, ${value} AS value
      ${isLong ? `, ${total} AS total` : ''}
    FROM (${slots(measures)}) JOIN asked USING (quota_id, resource)`;
}

function stepsQuery(page: ProfilePage, { steps }: ProfileSources, from: bigint): string {
  const { stepMicros, series } = page;
  const forms = formsOf(page);
  const value = cases(forms, (form, of) =>
    form.endsWith('rate')
      ? `greatest(${of}_demand::DOUBLE * per_step, ${of}_peak::DOUBLE * per_second)`
      : `${atOnceSql(of)}::DOUBLE`,
  );
  const pressed = cases(forms, (form, of) => {
    const amount = `(${of}_refused + ${of}_queued)::DOUBLE`;
    return form.endsWith('rate') ? `${amount} * per_step` : amount;
  });
  const total = cases(forms, (_form, of) => `${of}_demand::DOUBLE`);
  const isLong = series.some((each) => isOverSteps(each, stepMicros));
  return `
    SELECT place, ((step_start - ${from}) // ${stepMicros})::INTEGER AS at, ${value} AS value,
      ${pressed} AS pressed ${isLong ? `, ${total} AS total` : ''}
    FROM (${steps(from)}) JOIN asked USING (quota_id, resource)`;
}

/**
 * Of a rate over several steps a slot wanted at most what it and those before it, as far as the rate
 * reaches, had together, however high a step was.
 */
function slidingOverSlots(
  wanted: Float64Array,
  totals: Float64Array,
  { perMicros }: ProfileSeries,
  slotMicros: bigint,
): void {
  const reach = Number(((perMicros ?? 0n) + slotMicros - 1n) / slotMicros);
  for (let at = wanted.length - 1; at >= 0; at -= 1) {
    const most = sumOf(totals, at - reach, at);
    const value = wanted[at] ?? Number.NaN;
    if (value > most) wanted[at] = most;
  }
}

/** Within a slot exactly; what reaches further is taken by whole slots, hence for at least what it was. */
function slidingOverSteps(
  newest: Float64Array,
  totals: Float64Array,
  slotTotals: Float64Array,
  { perMicros }: ProfileSeries,
  { stepMicros, slotMicros, from, to }: ProfilePage,
): void {
  const per = perMicros ?? 0n;
  const reach = Number((per + stepMicros - 1n) / stepMicros);
  const reachSlots = per <= slotMicros ? 0 : Number((per + slotMicros - 1n) / slotMicros);
  for (let at = newest.length - 1; at >= 0; at -= 1) {
    let most = sumOf(totals, at - reach + 1, at);
    if (reachSlots > 0) {
      // Its own slot up to here, and whole ones before.
      const start = to - BigInt(newest.length - at) * stepMicros;
      const slot = Number((start - from) / slotMicros);
      const within = Number(((start - from) % slotMicros) / stepMicros);
      most = sumOf(totals, at - within, at) + sumOf(slotTotals, slot - reachSlots, slot - 1);
    }
    const value = newest[at] ?? Number.NaN;
    if (value > most) newest[at] = most;
  }
}

/** What was not reported adds nothing. */
function sumOf(values: Float64Array, first: number, last: number): number {
  let sum = 0;
  for (let at = Math.max(0, first); at <= last; at += 1) {
    const value = values[at] ?? Number.NaN;
    if (!Number.isNaN(value)) sum += value;
  }
  return sum;
}

function highestOf(...series: readonly Float64Array[]): bigint {
  let most = 0;
  for (const values of series) {
    for (const value of values) if (value > most) most = value;
  }
  const whole = Math.ceil(most);
  // The next double above it: a limit must not end up below what was there.
  return BigInt(whole <= EXACT_MAX ? whole : whole * (1 + Number.EPSILON));
}

function isBefore(left: ProfileSeries, right: ProfileSeries): boolean {
  if (left.quotaId !== right.quotaId) return left.quotaId < right.quotaId;
  return left.resource < right.resource;
}
