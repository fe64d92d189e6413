import * as fc from 'fast-check';
import { decimalOf, picosOf } from '@prorata/quota-model';
import type { Price } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import type { BookTerms } from './bookTerms.ts';
import { dayAt, daysOf, monthAt } from './chargeDays.ts';
import type { ChargeLine } from './chargeLine.ts';
import { Ledger } from './ledger.ts';
import type { LedgerGround } from './ledger.ts';
import type { Closing, CreditFact } from './ledgerFacts.ts';
import { isBy } from './monthTerms.ts';
import type { Reservation } from './reservations.ts';
import { MemoryUses, SOURCE } from './testing/memoryUses.ts';
import type { MemoryRow } from './testing/memoryUses.ts';

const utc = (text: string): bigint => BigInt(Date.parse(text)) * 1_000n;
const day = 86_400_000_000n;
const start = utc('2026-01-01T00:00:00Z');
const end = utc('2026-04-02T00:00:00Z');
const everything = { positions: null, loggedBefore: null };
const projects = ['acme/ads', 'acme/search', 'zeta/lab', null];
/** What acme holds of what `vcpu` has, for as long as it says, unit a. */
const held: readonly (Reservation & { project: string })[] = [
  {
    project: 'acme/ads',
    quotaId: 'moka/ads',
    spans: [{ amount: 2n, from: utc('2026-01-10T07:30:00Z'), to: utc('2026-02-20T00:00:00.5Z') }],
  },
  {
    project: 'acme/search',
    quotaId: 'moka/search',
    spans: [{ amount: 1n, from: utc('2026-02-03T00:00:00Z'), to: null }],
  },
];

/** A record as a host sent it, perhaps twice. */
interface Sent extends MemoryRow {
  readonly id: number;
}

interface Story {
  readonly timeZone: string;
  readonly books: readonly BookTerms[];
  readonly rows: readonly MemoryRow[];
  readonly credits: readonly CreditFact[];
}

const moment = (from: bigint, to: bigint): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: from, max: to });
const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York');
const amounts = fc.bigInt({ min: 0n, max: 10n ** 14n }).map((picos) => decimalOf(picos));

const steps = fc
  .uniqueArray(fc.bigInt({ min: 1n, max: 400_000n }), { maxLength: 3 })
  .chain((from) =>
    fc.tuple(
      ...from
        .sort((a, b) => (a < b ? -1 : 1))
        .map((fromUnits) => amounts.map((amount) => ({ fromUnits, amount }))),
    ),
  );

/** A price of what is used may change at any moment; what is reserved is priced by whole days here. */
function prices(timeZone: string): fc.Arbitrary<Price[]> {
  const tokens = fc.record({
    resource: fc.constantFrom('tokens', 'calls'),
    amount: amounts,
    perUnits: fc.constantFrom(1n, 3n, 7n, 1_000n),
    effectiveFrom: moment(start - 20n * day, end - day),
    steps,
  });
  const vcpu = fc.record({
    amount: amounts,
    perUnits: fc.constantFrom(9n, 3_600n),
    effectiveFrom: moment(start - 20n * day, end - day).map((at) => dayAt(timeZone, at).start),
    steps,
  });
  return fc
    .tuple(fc.array(tokens, { maxLength: 5 }), fc.array(vcpu, { maxLength: 2 }))
    .map(([used, reserved]) => [
      ...used.map((price) => ({ ...price, application: 'moka', unit: '', basis: 'used' as const })),
      ...reserved.map((price) => ({
        ...price,
        application: 'moka',
        resource: 'vcpu',
        unit: 'vCPU-hour',
        basis: 'greater_of_reserved_and_used' as const,
      })),
    ]);
}

const sent: fc.Arbitrary<Omit<Sent, 'offset'>> = fc
  .record({
    id: fc.integer({ min: 0, max: 60 }),
    project: fc.constantFrom(...projects),
    resource: fc.constantFrom('tokens', 'tokens', 'calls', 'vcpu'),
    used: fc.bigInt({ min: 0n, max: 120_000n }),
    windowStart: moment(start, end - 1n),
    // Mostly at once, sometimes weeks late.
    late: fc.oneof({ weight: 3, arbitrary: fc.constant(0n) }, moment(0n, 60n * day)),
    partition: fc.integer({ min: 0, max: 1 }),
  })
  .map(({ late, ...record }) => ({
    ...record,
    application: 'moka',
    quotaId: `moka/${record.project?.split('/')[1] ?? 'nobody'}`,
    loggedAt: record.windowStart + late,
  }));

/** As the sink does: in the order of the log, and each id once. */
function rowsOf(records: readonly Omit<Sent, 'offset'>[]): MemoryRow[] {
  const seen = new Set<number>();
  return records
    .toSorted((a, b) => Number(a.loggedAt - b.loggedAt))
    .map((record, index) => ({ ...record, offset: BigInt(index) }))
    .filter(({ id }) => !seen.has(id) && seen.add(id));
}

const stories: fc.Arbitrary<Story> = zones.chain((timeZone) =>
  fc
    .record({
      timeZone: fc.constant(timeZone),
      versions: fc.array(fc.tuple(prices(timeZone), moment(start, end)), {
        minLength: 1,
        maxLength: 3,
      }),
      records: fc.array(sent, { maxLength: 60 }),
      credits: fc.array(
        fc.record({
          project: fc.constantFrom(null, 'acme/ads', 'acme/search'),
          amount: amounts,
          at: moment(start, end - 1n),
          granted: moment(start, end),
          withdrawn: fc.option(moment(0n, 40n * day)),
        }),
        { maxLength: 4 },
      ),
    })
    .map(({ versions, records, credits }) => ({
      timeZone,
      rows: rowsOf(records),
      books: versions
        .toSorted(([, a], [, b]) => Number(a - b))
        .map(([list, decidedAt], index) => ({
          id: 'list',
          version: BigInt(index + 1),
          currency: 'USD',
          timeZone,
          closeAfterMicros: 0n,
          prices: list,
          sharedCosts: [],
          idle: [],
          decidedAt: index === 0 ? 0n : decidedAt,
        })),
      credits: credits.map(({ project, amount, at, granted, withdrawn }, index) => ({
        creditId: `credit-${index}`,
        project,
        priceBook: 'list',
        amount,
        currency: 'USD',
        at,
        granted: { version: granted, at: granted },
        withdrawn:
          withdrawn === null ? null : { version: granted + withdrawn, at: granted + withdrawn },
      })),
    })),
);

/** The log as it was at a moment; the organization's stream has a version a microsecond. */
class Ground implements LedgerGround {
  readonly closed: Closing[] = [];
  readonly #story: Story;

  constructor(story: Story) {
    this.#story = story;
  }

  readonly reservations = {
    projects: () => ['acme/ads', 'acme/search'],
    supply: () => [],
    of: (project: string | null, _application: string, resource: string) =>
      resource === 'vcpu' ? held.filter((each) => each.project === project) : [],
  };

  book(_priceBook: string, at: bigint | null): BookTerms | null {
    return this.#story.books.findLast(({ decidedAt }) => isBy(decidedAt, at)) ?? null;
  }

  bookVersions(): readonly BookTerms[] {
    return this.#story.books;
  }

  booksOf(): readonly string[] {
    return ['list'];
  }

  credits(): readonly CreditFact[] {
    return this.#story.credits;
  }

  closings(): readonly Closing[] {
    return this.closed;
  }

  /** Closes the month that holds `at`, by what is known `after` its end. */
  close(at: bigint, after: bigint): Closing {
    const month = monthAt(this.#story.timeZone, at);
    const closedAt = month.end + after;
    const next = (partition: number): bigint =>
      this.#story.rows
        .filter((row) => row.partition === partition && row.loggedAt < closedAt)
        .reduce((most, { offset }) => (offset >= most ? offset + 1n : most), 0n);
    const closing = {
      ...month,
      priceBook: 'list',
      priceBookVersion: this.book('list', closedAt)?.version ?? 0n,
      organizationVersion: closedAt,
      positions: new Map([0, 1].map((partition) => [`${SOURCE}/${partition}`, next(partition)])),
      lines: 0n,
      total: '0',
      closedAt,
    };
    this.closed.push(closing);
    return closing;
  }
}

const acme = { organization: 'acme', project: null };

async function lines(
  story: Story,
  ground: Ground,
  changes: Partial<Parameters<Ledger['lines']>[1]> = {},
): Promise<ChargeLine[]> {
  const asked = {
    scope: acme,
    priceBook: 'list',
    window: { start: start - 2n * day, end: end + 2n * day },
    usage: everything,
    decidedBy: null,
    at: end + 90n * day,
    ...changes,
  };
  const all: ChargeLine[] = [];
  for await (const line of new Ledger(ground).lines(new MemoryUses(story.rows), asked)) {
    all.push(line);
  }
  return all;
}

const sum = (all: readonly ChargeLine[]): string =>
  decimalOf(all.reduce((total, { cost }) => total + picosOf(cost ?? '0'), 0n));

/** The sum of usage × price row by row: over one denominator, and rounded once a project and month. */
function usageTimesPrice({ timeZone, books, rows }: Story): string {
  const newest = books.at(-1)!;
  const denominator = 9n * 7n * 1_000n * 3_600n;
  const spend = new Map<string, bigint>();
  const units = new Map<string, bigint>();
  const add = (project: string, resource: string, at: bigint, count: bigint): void => {
    const price = newest.prices
      .filter((each) => each.resource === resource && each.effectiveFrom <= at)
      .reduce<Price | null>(
        (best, each) => (best === null || each.effectiveFrom >= best.effectiveFrom ? each : best),
        null,
      );
    const month = `${project} ${monthAt(timeZone, at).start}`;
    const before = units.get(`${month} ${resource}`) ?? 0n;
    units.set(`${month} ${resource}`, before + count);
    if (price === null) return;
    const upTo = (many: bigint): bigint =>
      price.steps.reduce(
        (money, { fromUnits, amount }, index) => {
          const former = price.steps[index - 1]?.amount ?? price.amount;
          return many > fromUnits
            ? money + (many - fromUnits) * (picosOf(amount) - picosOf(former))
            : money;
        },
        many * picosOf(price.amount),
      );
    const money = ((upTo(before + count) - upTo(before)) * denominator) / price.perUnits;
    spend.set(month, (spend.get(month) ?? 0n) + money);
  };
  const ofAcme = rows.filter(({ project }) => project?.startsWith('acme/'));
  const entries = ofAcme
    .filter(({ resource }) => resource !== 'vcpu')
    .map(
      ({ project, resource, windowStart, used }) =>
        [windowStart, project!, resource, used] as const,
    );
  const isReserved = newest.prices.some(({ resource }) => resource === 'vcpu');
  const vcpu = daysOf(timeZone, { start: start - day, end: end + 90n * day }).flatMap((each) =>
    held.map(({ project, spans: [span] }) => {
      const used = ofAcme
        .filter((row) => row.resource === 'vcpu' && row.project === project)
        .filter(({ windowStart }) => windowStart >= each.start && windowStart < each.end)
        .reduce((total, row) => total + row.used, 0n);
      const upTo = (at: bigint): bigint => {
        const until = span!.to !== null && span!.to < at ? span!.to : at;
        const month = monthAt(timeZone, each.start).start;
        const from = span!.from > month ? span!.from : month;
        return until > from ? (span!.amount * (until - from)) / 1_000_000n : 0n;
      };
      const reserved =
        isReserved && each.start < end + day ? upTo(each.end) - upTo(each.start) : 0n;
      const isPriced = newest.prices.some(
        (price) => price.resource === 'vcpu' && price.effectiveFrom <= each.start,
      );
      return [each.start, project, 'vcpu', isPriced && reserved > used ? reserved : used] as const;
    }),
  );
  for (const [at, project, resource, count] of [...entries, ...vcpu].sort(([a], [b]) =>
    Number(a - b),
  )) {
    if (at < lastDay(timeZone)) add(project, resource, at, count);
  }
  const rounded = [...spend.values()].map(
    (money) => (2n * money + denominator) / (2n * denominator),
  );
  return decimalOf(rounded.reduce((total, picos) => total + picos, 0n));
}

/** The window that is asked for ends with a day. */
const lastDay = (timeZone: string): bigint => dayAt(timeZone, end + day).start;
const windowOf = ({ timeZone }: Story) => ({ start: start - 2n * day, end: lastDay(timeZone) });

const property = (work: (story: Story, ground: Ground) => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(stories, (story) => work(story, new Ground(story))),
    { numRuns: 60 },
  );

describe('the ledger over random histories', () => {
  it('sums to usage times price to the last digit, whatever was closed meanwhile', () =>
    property(async (story, ground) => {
      const window = windowOf(story);
      const usage = (all: ChargeLine[]): ChargeLine[] =>
        all.filter(({ category }) => category === 'usage');
      const expected = usageTimesPrice(story);
      expect(sum(usage(await lines(story, ground, { window })))).toBe(expected);
      ground.close(start + 15n * day, 3n * day);
      ground.close(start + 45n * day, 2n * day);
      // What is found of a closed period may be dated after the window of the usage.
      const found = { start: window.start, end: end + 100n * day };
      const after = usage(await lines(story, ground, { window: found }));
      const isOpen = ({ correction, datedAt }: ChargeLine): boolean =>
        correction || datedAt < window.end;
      expect(sum(after.filter(isOpen))).toBe(expected);
    }));

  it('loses no usage, priced or not, and counts none twice', () =>
    property(async (story, ground) => {
      const used = (all: readonly ChargeLine[]): bigint =>
        all.reduce((total, line) => total + line.used, 0n);
      const of = (organization: string | null): bigint =>
        story.rows
          .filter(({ project }) => (project?.split('/')[0] ?? null) === organization)
          .reduce((total, row) => total + row.used, 0n);
      ground.close(start + 15n * day, 3n * day);
      const window = { start: start - 2n * day, end: end + 100n * day };
      expect(used(await lines(story, ground, { window }))).toBe(of('acme'));
      const nobody = { organization: null, project: null };
      expect(used(await lines(story, ground, { window, scope: nobody }))).toBe(of(null));
    }));

  it('gives a window the sum of its parts, wherever it is cut', () =>
    fc.assert(
      fc.asyncProperty(stories, moment(start, end), async (story, cut) => {
        const ground = new Ground(story);
        ground.close(start + 15n * day, 3n * day);
        const whole = sum(await lines(story, ground));
        const [from, to] = [start - 2n * day, end + 2n * day];
        const parts = [
          ...(await lines(story, ground, { window: { start: from, end: cut } })),
          ...(await lines(story, ground, { window: { start: cut, end: to } })),
        ];
        expect(sum(parts)).toBe(whole);
        // As a budget asks: by project.
        const ofProjects = await Promise.all(
          ['acme/ads', 'acme/search'].map((project) =>
            lines(story, ground, { scope: { organization: 'acme', project } }),
          ),
        );
        const ofNone = (await lines(story, ground)).filter(({ project }) => project === null);
        expect(sum([...ofProjects.flat(), ...ofNone])).toBe(whole);
      }),
      { numRuns: 40 },
    ));

  it('never edits a line of a period that has been closed', () =>
    property(async (story, ground) => {
      const january = ground.close(start + 15n * day, 3n * day);
      const then = (closing: Closing) => ({
        window: { start: closing.start, end: closing.end },
        usage: { positions: closing.positions, loggedBefore: null },
        decidedBy: closing.closedAt,
        at: closing.closedAt,
      });
      const closedAs = await lines(story, ground, then(january));
      const february = { ...then(ground.close(start + 45n * day, 2n * day)) };
      const [feb] = [ground.closed.pop()!];
      const asked = await lines(story, ground, february);
      ground.closed.push(feb);
      expect(await lines(story, ground, { window: then(january).window })).toEqual(closedAs);
      expect(await lines(story, ground, { window: february.window })).toEqual(asked);
    }));
});
