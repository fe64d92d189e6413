import { describe, it } from 'vitest';
import { givenIn } from '../testing/given.ts';
import type { FactOf } from '../testing/given.ts';
import { organizationRegistered } from '../testing/organizationSamples.ts';
import { DAY, HOUR, START } from '../testing/stamp.ts';
import type { CommandData } from '../testing/stamp.ts';

const DECEMBER = START - 31n * DAY;
const NOVEMBER = DECEMBER - 30n * DAY;
const closing: CommandData<'ClosePeriod'> = {
  priceBook: 'list',
  priceBookVersion: 2n,
  currency: 'USD',
  periodStart: NOVEMBER,
  periodEnd: DECEMBER,
  closeAfterMicros: 3n * DAY,
  organizationVersion: 1n,
  positions: [{ source: 'prorata.usage.events', partition: 0, nextOffset: 812n }],
  lines: 3n,
  total: '-12.5',
  linesSha256: new Uint8Array(32).fill(1),
};
const close = (more: Partial<typeof closing> = {}) =>
  ({ type: 'ClosePeriod', data: { ...closing, ...more } }) as const;
const closed = (more: Partial<typeof closing> = {}) => {
  const data: Partial<typeof closing> = { ...closing, ...more };
  delete (data as { closeAfterMicros?: bigint }).closeAfterMicros;
  return { type: 'PeriodClosed', data: data as FactOf<'PeriodClosed'>['data'] } as const;
};
const december = { periodStart: DECEMBER, periodEnd: START };
const acme = givenIn('organization:acme', organizationRegistered);
const afterNovember = () => givenIn('organization:acme', organizationRegistered, closed());

describe('ClosePeriod', () => {
  it('closes a month of a book, also by the robot of the ledger', () => {
    givenIn('organization:acme', organizationRegistered).when(close()).then(closed());
    givenIn('organization:acme', organizationRegistered)
      .when(close(), { roles: ['robot'] })
      .then(closed());
    acme.when(close(), { roles: ['operator'] }).thenRefused('NOT_ALLOWED');
  });

  it('waits for the end, and for what the book lets wait', () => {
    const at = (now: bigint) => afterNovember().at(now).when(close(december));
    at(START).thenRefused('PERIOD_OPEN');
    at(START + 3n * DAY - 1n).thenRefused('PERIOD_OPEN');
    at(START + 3n * DAY).then(closed(december));
  });

  it('closes each once, and says so when it is asked again', () => {
    afterNovember().when(close()).thenNothing();
    const others = new Uint8Array(32).fill(2);
    afterNovember()
      .when(close({ linesSha256: others }))
      .thenRefused('PERIOD_CLOSED');
    const october = { periodStart: NOVEMBER - 31n * DAY, periodEnd: NOVEMBER };
    afterNovember().when(close(october)).thenRefused('PERIOD_CLOSED');
  });

  it('closes one after the other, for each book apart', () => {
    const later = START + 60n * DAY;
    const january = { periodStart: START, periodEnd: START + 31n * DAY };
    afterNovember().at(later).when(close(january)).thenRefused('PERIOD_OUT_OF_ORDER');
    afterNovember()
      .at(later)
      .when(close({ ...january, priceBook: 'other' }))
      .then(closed({ ...january, priceBook: 'other' }));
    afterNovember()
      .at(later)
      .when(close({ ...december, currency: 'EUR' }))
      .thenRefused('CURRENCY_CHANGED', 'USD');
  });

  it.each<[string, Partial<typeof closing>]>([
    ['of no book', { priceBook: '' }],
    ['of no version', { priceBookVersion: 0n }],
    ['of a week', { periodStart: DECEMBER - 7n * DAY }],
    ['of two months', { periodStart: DECEMBER - 61n * DAY }],
    ['that ends before it begins', { periodStart: DECEMBER + DAY }],
    ['that need not wait', { closeAfterMicros: -1n }],
    ['that knows what has not happened', { organizationVersion: 2n }],
    ['of fewer lines than none', { lines: -1n }],
    ['of a sum that is none', { total: 'much' }],
    ['of a source without a name', { positions: [{ source: '', partition: 0, nextOffset: 1n }] }],
    ['of a source twice', { positions: [closing.positions[0]!, closing.positions[0]!] }],
  ])('refuses a period %s', (_what, more) => {
    acme.when(close(more)).thenRefused('PERIOD_INVALID');
  });

  it('takes a month that clocks make an hour longer', () => {
    const more = { periodStart: DECEMBER - 31n * DAY - HOUR };
    acme.when(close(more)).then(closed(more));
  });

  it('names a bounded number of sources', () => {
    const positions = [...Array(4_097).keys()].map((n) => ({
      source: `import/${n}`,
      partition: 0,
      nextOffset: 1n,
    }));
    acme.when(close({ positions })).thenRefused('TOO_MANY');
  });

  it('is of a registered organization', () => {
    givenIn('organization:acme').when(close()).thenRefused('ORGANIZATION_UNKNOWN');
  });
});
