import { describe, expect, it } from 'vitest';
import {
  linearAfter,
  oursAfter,
  quantile,
  recentAfter,
  sum,
  windowsOf,
} from './testing/spendWindows.ts';
import { nabGroups, traceSeries, tracesDirectory } from './testing/traceSeries.ts';

const HOURS = 24;
/** Windows of so many days, so far on. Of series that are two weeks long a week, for days must lie before it. */
const lengths = [7, 14, 28];
const elapsedShares = [0.25, 0.5, 0.75];
/** Of the true total: budgets of which some were overspent, and some were not. */
const budgetShares = [0.8, 0.85, 0.9, 0.95, 1.05, 1.1, 1.15, 1.2];

const names = ['ours', 'linear', 'recent'] as const;
type Name = (typeof names)[number];

/** Budgets of the forecast itself, so that nothing of the outcome is in them. */
const chanceShares = [0.8, 0.9, 1, 1.1, 1.25];
/** Chances that are looked at together: those below 20 %, and so on. */
const CHANCE_BINS = 5;

class Chances {
  readonly #bins = Array.from({ length: CHANCE_BINS }, () => ({ count: 0, said: 0, came: 0 }));

  add(chanceBasisPoints: number, breached: boolean): void {
    const bin = Math.min(CHANCE_BINS - 1, Math.floor((chanceBasisPoints / 10_000) * CHANCE_BINS));
    const each = this.#bins[bin]!;
    each.count += 1;
    each.said += chanceBasisPoints / 10_000;
    each.came += breached ? 1 : 0;
  }

  /** What was said and what came, on average, where there is enough to tell. */
  get bins(): { count: number; said: number; came: number }[] {
    return this.#bins
      .filter(({ count }) => count > 0)
      .map(({ count, said, came }) => ({ count, said: said / count, came: came / count }));
  }
}

class Figures {
  readonly errors: number[] = [];
  warned = 0;
  rightly = 0;
  overspent = 0;

  add(forecast: number, actual: number): void {
    this.errors.push((100 * Math.abs(forecast - actual)) / actual);
    for (const share of budgetShares) {
      const [warns, breaches] = [forecast > share * actual, share < 1];
      this.warned += warns ? 1 : 0;
      this.overspent += breaches ? 1 : 0;
      this.rightly += warns && breaches ? 1 : 0;
    }
  }

  /** Median and 90th percentile of the error in percent, precision and recall of a breach. */
  text(): string {
    const { errors, rightly, warned, overspent } = this;
    const parts = [quantile(errors, 0.5).toFixed(1), quantile(errors, 0.9).toFixed(0)];
    return [...parts, (rightly / warned).toFixed(2), (rightly / overspent).toFixed(2)].join(' / ');
  }
}

/** Each hour's mean as money, a day at a time, from the newest whole day back. */
function dailyMoney(hours: Float64Array): Float64Array {
  const days = Math.floor(hours.length / HOURS);
  const first = hours.length - days * HOURS;
  return Float64Array.from({ length: days }, (_, day) => {
    const from = first + day * HOURS;
    return sum(hours.subarray(from, from + HOURS).map((each) => (Number.isNaN(each) ? 0 : each)));
  });
}

describe('forecastSpend on measured series as spend', () => {
  it(
    'misses by less than a straight line, and its intervals hold what they say within 5 points',
    { timeout: 60_000 },
    async ({ skip }) => {
      const directory = tracesDirectory();
      if (directory === null)
        return skip('There are no traces: PRORATA_TRACES says where they are.');
      const pooled: Record<Name, Figures> = {
        ours: new Figures(),
        linear: new Figures(),
        recent: new Figures(),
      };
      let [windows, within80, within95] = [0, 0, 0];
      const rows: string[] = [];
      const chances = new Chances();
      for (const group of nabGroups) {
        const series = (await traceSeries(directory, group, 3_600, 'avg')).map(dailyMoney);
        for (const share of elapsedShares) {
          const figures: Record<Name, Figures> = {
            ours: new Figures(),
            linear: new Figures(),
            recent: new Figures(),
          };
          for (const length of lengths) {
            const elapsed = Math.round(share * length);
            for (const window of series.flatMap((days) => windowsOf(days, length))) {
              const actual = sum(window.days.subarray(window.before));
              const ours = oursAfter(window, elapsed, actual);
              if (ours === null) continue;
              const said: Record<Name, number> = {
                ours: Number(ours.point),
                linear: linearAfter(window, elapsed),
                recent: recentAfter(window, elapsed),
              };
              for (const share of chanceShares) {
                const budget = Number((share * said.ours).toPrecision(6));
                const { chanceBasisPoints } = oursAfter(window, elapsed, budget)!;
                chances.add(chanceBasisPoints, actual > budget);
              }
              for (const name of names) {
                figures[name].add(said[name], actual);
                pooled[name].add(said[name], actual);
              }
              const holds = (low: string, high: string): number =>
                actual >= Number(low) && actual <= Number(high) ? 1 : 0;
              windows += 1;
              within80 += holds(ours.low80, ours.high80);
              within95 += holds(ours.low95, ours.high95);
            }
          }
          const said = names.map((name) => figures[name].text()).join(' | ');
          rows.push(`| ${group.name} | ${share * 100} % | ${said} |`);
        }
      }
      rows.push(`| all | | ${names.map((name) => pooled[name].text()).join(' | ')} |`);
      const [held80, held95] = [within80 / windows, within95 / windows];
      rows.push(
        `${windows} windows; ${(100 * held80).toFixed(1)} % within 80 %, ${(100 * held95).toFixed(1)} % within 95 %`,
      );
      for (const { count, said, came } of chances.bins) {
        rows.push(
          `chance ${said.toFixed(2)}: ${came.toFixed(2)} of ${count} budgets were overspent`,
        );
      }
      process.stdout.write(`${rows.join('\n')}\n`);
      const { ours, linear } = pooled;
      expect(quantile(ours.errors, 0.5)).toBeLessThanOrEqual(quantile(linear.errors, 0.5));
      expect(quantile(ours.errors, 0.9)).toBeLessThanOrEqual(quantile(linear.errors, 0.9));
      for (const { said, came } of chances.bins) {
        expect(Math.abs(said - came)).toBeLessThanOrEqual(0.15);
      }
      expect(Math.abs(held80 - 0.8)).toBeLessThanOrEqual(0.05);
      expect(Math.abs(held95 - 0.95)).toBeLessThanOrEqual(0.05);
    },
  );
});
