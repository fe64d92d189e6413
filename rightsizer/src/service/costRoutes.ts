import { Problem, QueryParameters } from '@prorata/service-runtime';
import type { OpenApiFragment } from '@prorata/service-runtime';
import { bearerSecurity, callerStatuses, problemResponses } from '@prorata/service-runtime';
import { timeFromJson, timeToJson } from '@prorata/schemas';
import type { Request, Response, Router } from 'express';
import { focusFormats } from '../focus/focusFile.ts';
import type { FocusFormat } from '../focus/focusFile.ts';
import type { FocusNames } from '../focus/focusNames.ts';
import { sendFocus } from '../focus/sendFocus.ts';
import { asOfText, snapshotAsOf, textAsOf } from '../ledger/asOf.ts';
import type { AsOf } from '../ledger/asOf.ts';
import type { BookTerms } from '../ledger/bookTerms.ts';
import { monthAt } from '../ledger/chargeDays.ts';
import { chargeCategories } from '../ledger/chargeLine.ts';
import type { ChargeLine } from '../ledger/chargeLine.ts';
import { costGroupings, costGroups, TooManyGroups } from '../ledger/costGroups.ts';
import type { CostGrouping } from '../ledger/costGroups.ts';
import { totalsOf } from '../ledger/ledger.ts';
import type { LedgerAsked } from '../ledger/ledger.ts';
import type { LedgerReader } from '../ledger/ledgerReader.ts';
import type { LedgerScope } from '../ledger/monthTerms.ts';
import { TableFault } from '../table/tableFault.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import { costFields, costLineReport } from './costReports.ts';

export interface CostParts {
  readonly ledger: LedgerReader;
  /** null: there is no table yet. */
  readonly newest: () => Promise<TableVersion | null>;
  /** @throws TableFault SNAPSHOT_EXPIRED */
  readonly snapshot: (snapshotId: bigint) => Promise<TableVersion>;
  /** Microseconds. */
  readonly now: () => bigint;
  readonly names: FocusNames;
}

/** Lines of one answer. */
const LIMIT_PRESET = 100;
const LIMIT_MAX = 5_000;
/** Groups of one answer: they are summed up in memory. */
const GROUPS_MAX = 10_000;
/** 400 days: a year and what a zone and a leap day add. */
const WINDOW_MICROS_MAX = 400n * 86_400_000_000n;
/** What the clocks of two processes may differ by. */
const AHEAD_MICROS_MAX = 60_000_000n;
/** Longer than any id; positions of many partitions are longer. */
const TEXT_LENGTH_MAX = 16_384;
/** Each reads months of usage with one thread of the database: more would wait for one another. */
const RUNNING_MAX = 4;

const filters = ['category', 'application', 'resource', 'quota'] as const;
const parameters = [
  'organization',
  'payer',
  'project',
  'priceBook',
  'from',
  'to',
  'by',
  'asOf',
  'after',
  'limit',
  'format',
  ...filters,
] as const;

interface CostQuestion extends LedgerAsked {
  readonly book: BookTerms;
  readonly by: readonly CostGrouping[];
  readonly filters: ReadonlyMap<(typeof filters)[number], string>;
  readonly limit: number;
  /** Lines before the page. */
  readonly skip: number;
  /** A file of all lines in the columns of FOCUS; null: JSON. */
  readonly format: FocusFormat | null;
}

export function costRoutes(router: Router, parts: () => CostParts): void {
  let running = 0;
  router.get('/v1/costs', async (request, response) => {
    mustReach(request);
    if (running >= RUNNING_MAX) {
      throw new Problem(503, 'LEDGER_BUSY', 'Others ask for costs just now.', {
        headers: { 'retry-after': '2' },
      });
    }
    running += 1;
    try {
      await answer(request, response, parts());
    } finally {
      running -= 1;
    }
  });
}

async function answer(request: Request, response: Response, parts: CostParts): Promise<void> {
  const version = await versionOf(request, parts);
  const question = questionOf(request, parts, version);
  const lines = (): AsyncGenerator<ChargeLine> =>
    filtered(parts.ledger.lines(version, question), question.filters);
  if (question.format === null) response.json(await costs(question, version, lines));
  else await sendFocus(response, question.format, lines(), parts.names);
}

async function costs(
  question: CostQuestion,
  version: TableVersion,
  lines: () => AsyncGenerator<ChargeLine>,
): Promise<object> {
  const { book, by, window, scope, usage, at } = question;
  const about = {
    organization: scope.organization,
    project: scope.project,
    priceBook: book.id,
    priceBookVersion: book.version,
    currency: book.currency,
    timeZone: book.timeZone,
    from: timeToJson(window.start),
    to: timeToJson(window.end),
    asOf:
      usage.loggedBefore === null
        ? textAsOf(usage.positions ?? version.positions, at, snapshotOf(question, version))
        : timeToJson(at),
  };
  if (by.length > 0) {
    const groups = await grouped(lines(), question);
    return { ...about, by, groups: groups.map(({ of, ...sums }) => ({ ...of, ...sums })) };
  }
  const page = await pageOf(lines(), question);
  const total = await totalsOf(lines());
  const next = page.hasMore ? `${question.skip + page.lines.length}` : null;
  return { ...about, total, lines: page.lines.map(costLineReport), next };
}

/** Of a snapshot that is kept no longer an earlier answer's `asOf` says the positions: no row has gone. */
async function versionOf({ query }: Request, parts: CostParts): Promise<TableVersion> {
  const asOf = typeof query['asOf'] === 'string' ? snapshotAsOf(query['asOf']) : null;
  if (asOf === null) return (await parts.newest()) ?? noTable;
  const { snapshotId } = asOf;
  try {
    return await parts.snapshot(snapshotId);
  } catch (error) {
    if (!(error instanceof TableFault) || error.code !== 'SNAPSHOT_EXPIRED') throw error;
    throw new Problem(404, 'SNAPSHOT_EXPIRED', `The snapshot ${snapshotId} is no longer kept.`);
  }
}

/** The snapshot whose positions the question knows; null: it named others. */
function snapshotOf(
  { usage }: CostQuestion,
  { positions, snapshotId }: TableVersion,
): bigint | null {
  return usage.positions === positions && snapshotId >= 0n ? snapshotId : null;
}

async function grouped(lines: AsyncIterable<ChargeLine>, { by, book }: CostQuestion) {
  try {
    return await costGroups(lines, by, book.timeZone, GROUPS_MAX);
  } catch (error) {
    if (!(error instanceof TooManyGroups)) throw error;
    throw new Problem(422, 'COSTS_TOO_MANY', `${error.message} Group by less, or ask for less.`);
  }
}

async function pageOf(
  lines: AsyncIterable<ChargeLine>,
  { skip, limit }: CostQuestion,
): Promise<{ lines: ChargeLine[]; hasMore: boolean }> {
  const page: ChargeLine[] = [];
  let index = 0;
  for await (const line of lines) {
    if (index >= skip + limit) return { lines: page, hasMore: true };
    if (index >= skip) page.push(line);
    index += 1;
  }
  return { lines: page, hasMore: false };
}

async function* filtered(
  lines: AsyncIterable<ChargeLine>,
  wanted: CostQuestion['filters'],
): AsyncGenerator<ChargeLine> {
  for await (const line of lines) {
    const matches = [...wanted].every(
      ([name, value]) => (name === 'quota' ? line.quotaId : line[name]) === value,
    );
    if (matches) yield line;
  }
}

/** What an organization pays is for those who reach it, and what nobody pays for those who reach everything. */
function mustReach({ reach, query }: Request): void {
  const { organization } = query;
  if (reach === 'everywhere') return;
  if (typeof organization === 'string' && reach.includes(`organization:${organization}`)) return;
  throw new Problem(403, 'FORBIDDEN', 'The credentials do not reach what is asked for.');
}

class CostParameters extends QueryParameters {
  constructor(request: Request) {
    const unknownSaid = `is none of ${parameters.join(', ')}`;
    super(request, { known: parameters, unknownSaid, textLengthMax: TEXT_LENGTH_MAX });
  }

  override text(name: (typeof parameters)[number]): string | null {
    return super.text(name);
  }

  time(name: 'from' | 'to', preset: bigint): bigint {
    const given = this.text(name);
    const time = given === null ? preset : timeFromJson(given);
    if (time === null) this.report(name, 'must be an RFC 3339 time');
    return time ?? preset;
  }

  whole(name: 'after' | 'limit', preset: number, least: number, most: number): number {
    const given = this.text(name);
    if (given === null) return preset;
    const number = /^\d{1,15}$/.test(given) ? Number(given) : NaN;
    if (number >= least && number <= most) return number;
    this.report(name, `must be ${least} to ${most}`);
    return preset;
  }

  /** Each of the values, by comma. */
  several<T extends string>(name: 'by' | 'category', values: readonly T[]): T[] {
    const given = (this.text(name) ?? '').split(',').filter((value) => value !== '');
    const known = values.filter((value) => given.includes(value));
    if (given.some((value) => !(values as readonly string[]).includes(value))) {
      this.report(name, `must be of ${values.join(', ')}, by comma`);
    }
    return known;
  }
}

/** @throws Problem */
function questionOf(request: Request, parts: CostParts, version: TableVersion): CostQuestion {
  const given = new CostParameters(request);
  const scope = scopeOf(given);
  const asOf = asOfOf(given, parts, version);
  const skip = given.whole('after', 0, 0, Number.MAX_SAFE_INTEGER);
  const limit = given.whole('limit', LIMIT_PRESET, 1, LIMIT_MAX);
  const by = given.several('by', costGroupings);
  given.several('category', chargeCategories);
  const format = formatOf(given, by);
  const priceBook = priceBookOf(given, parts.ledger, scope.organization);
  given.finish();
  const book = parts.ledger.book(priceBook, asOf.decidedBy);
  if (book === null) {
    throw new Problem(404, 'PRICE_BOOK_UNKNOWN', `There is no price book ${priceBook} then.`);
  }
  const month = monthAt(book.timeZone, asOf.at);
  const window = { start: given.time('from', month.start), end: given.time('to', month.end) };
  if (window.end <= window.start) given.report('to', 'must be after `from`');
  if (window.end - window.start > WINDOW_MICROS_MAX) given.report('to', 'must be within 400 days');
  const wanted = filters.flatMap((name): [(typeof filters)[number], string][] => {
    const value = given.text(name);
    return value === null ? [] : [[name, value]];
  });
  given.finish();
  return {
    ...asOf,
    scope,
    priceBook,
    window,
    book,
    by,
    filters: new Map(wanted),
    limit,
    skip,
    format,
  };
}

function formatOf(given: CostParameters, by: readonly CostGrouping[]): FocusFormat | null {
  const text = given.text('format') ?? 'json';
  const format = focusFormats.find((each) => each === text) ?? null;
  if (format === null && text !== 'json') {
    given.report('format', `must be one of json, ${focusFormats.join(', ')}`);
  }
  if (format !== null && by.length > 0) given.report('by', 'is of JSON: a file has all lines');
  return format;
}

function scopeOf(given: CostParameters): LedgerScope {
  const [organization, payer, project] = [
    given.text('organization'),
    given.text('payer'),
    given.text('project'),
  ];
  if ((organization === null) === (payer === null) || (payer !== null && payer !== 'nobody')) {
    given.report('organization', 'must be given, or payer=nobody for usage that nobody pays for');
  }
  if (project !== null && !project.startsWith(`${organization ?? ''}/`)) {
    given.report('project', 'must be one of the organization, as <organization>/<project>');
  }
  return { organization, project };
}

function asOfOf(given: CostParameters, { now }: CostParts, { positions }: TableVersion): AsOf {
  const usage = { positions, loggedBefore: null };
  const live = { usage, at: now(), decidedBy: null };
  const text = given.text('asOf');
  const snapshot = text === null ? null : snapshotAsOf(text);
  const ofSnapshot =
    snapshot === null || snapshot.at === null
      ? live
      : { usage, at: snapshot.at, decidedBy: snapshot.at };
  const asOf = text === null || snapshot !== null ? ofSnapshot : asOfText(text);
  if (asOf === null)
    given.report('asOf', 'must be a time, snapshot:<id>, or the `asOf` of an answer');
  // What is to come would be charged for what is reserved now, and again otherwise when it has come.
  if (asOf !== null && asOf.at > now() + AHEAD_MICROS_MAX)
    given.report('asOf', 'must not lie ahead');
  return asOf ?? live;
}

function priceBookOf(
  given: CostParameters,
  ledger: LedgerReader,
  organization: string | null,
): string {
  const books = ledger.booksOf(organization);
  const priceBook = given.text('priceBook') ?? (books.length === 1 ? books[0] : undefined);
  if (priceBook === undefined) {
    const which =
      books.length > 1
        ? `must be one of ${books.join(', ')}`
        : `must be given: no budget of ${organization ?? 'that'} names one`;
    given.report('priceBook', which);
  }
  return priceBook ?? '';
}

const noTable: TableVersion = {
  version: 0,
  snapshotId: -1n,
  positions: new Map(),
  files: () => Promise.resolve([]),
  scan: () => Promise.reject(new TypeError('unreachable: there is no file to scan')),
};

const parameter = (name: string, description: string): object => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string' },
});

export const costPaths: OpenApiFragment['paths'] = {
  '/v1/costs': {
    get: {
      summary: 'What projects are charged: lines of the ledger, or their sums by anything.',
      parameters: [
        parameter('organization', 'Whose costs; or `payer`.'),
        parameter('payer', '`nobody`: usage that nobody pays for.'),
        parameter('project', 'Of this project alone, as <organization>/<project>.'),
        parameter('priceBook', 'By which book; needed where the organization has several.'),
        parameter('from', 'Lines dated from then on; default: the start of this month.'),
        parameter('to', 'Lines dated before then; default: the end of this month.'),
        parameter('by', `Sums by any of ${costGroupings.join(', ')}, by comma; default: lines.`),
        parameter(
          'asOf',
          'A moment, `snapshot:<id>` of the usage table, or the `asOf` of an answer: what was known then.',
        ),
        parameter('after', '`next` of the page before; give its `asOf` too.'),
        parameter('limit', `Lines of a page, up to ${LIMIT_MAX}; default ${LIMIT_PRESET}.`),
        parameter(
          'format',
          '`json`, the default; `csv` or `parquet`: a file of all lines in the columns of FOCUS 1.2.',
        ),
        ...filters.map((name) => parameter(name, 'Lines of this one alone.')),
      ],
      security: bearerSecurity,
      responses: {
        200: {
          description: '`lines` with `total` and `next`, or `groups` where `by` is given.',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['organization', 'priceBook', 'currency', 'from', 'to', 'asOf'],
                properties: costFields,
              },
            },
            'text/csv': { schema: { type: 'string' } },
            'application/vnd.apache.parquet': { schema: { type: 'string', format: 'binary' } },
          },
        },
        ...problemResponses(...callerStatuses, 404, 405, 422, 503),
      },
    },
  },
};
