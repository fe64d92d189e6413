import { highestOf } from '../baselines/highestOf.ts';
import { decidingEvery, windowsIn } from '../limitProvider.ts';
import type { OracleProvider } from '../limitProvider.ts';

/** Knows the highest of the next hour, and of the next day: what no policy that changes as often can beat. */
export const nextHour = foresight('oracle-next-hour', 1);
export const nextDay = foresight('oracle-next-day', 24);

function foresight(name: string, hours: number): OracleProvider {
  return {
    kind: 'oracle',
    name,
    begin: (facts, future) => {
      const windows = windowsIn(hours, facts.stepMicros);
      return decidingEvery(windows, facts, (_, at) => highestOf(future, at, at + windows));
    },
  };
}
