/** Sets of quotas at random, as effective limits may be: cut, overridden, blocked, unset, in any mode. */
import fc from 'fast-check';
import type { ResourceLimit } from '@prorata/schemas';
import type { DispatchedSet } from '../../src/dispatch/dispatcher.ts';
import {
  capacity,
  concurrency,
  dispatchedSet,
  resource,
} from '../../src/dispatch/testing/dispatchedSets.ts';
import type { QuotaSample } from '../../src/dispatch/testing/dispatchedSets.ts';

export const resources = [
  resource('cores', 'capacity', 'milli-vcore'),
  resource('memory', 'capacity', 'byte'),
  resource('apps', 'concurrency', 'application'),
];
export const settings = {
  resources: { cores: 'vcore', memory: 'memory' },
  applications: 'apps',
} as const;

const amount = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: 0n, max: 40n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }) },
  { weight: 1, arbitrary: fc.constantFrom('blocked' as const, 'unlimited' as const) },
);

const capacityOf = (name: string): fc.Arbitrary<readonly ResourceLimit[]> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(amount, fc.option(fc.bigInt({ min: 0n, max: 40n })))
        .map(([most, kept]) => {
          const within = typeof most === 'bigint' && kept !== null && kept > most ? most : kept;
          return [capacity(name, most, most === 'blocked' ? null : within)];
        }),
    },
  );

const quota: fc.Arbitrary<QuotaSample> = fc
  .tuple(
    capacityOf('cores'),
    capacityOf('memory'),
    fc.option(amount),
    fc.constantFrom('enforce', 'enforce', 'enforce', 'shadow', 'off'),
  )
  .map(([cores, memory, apps, mode]) => ({
    limits: [...cores, ...memory, ...(apps === null ? [] : [concurrency('apps', apps)])],
    rule: { mode },
  }));

/** Each below one that is there. */
export const setOfQuotas: fc.Arbitrary<DispatchedSet> = fc
  .array(fc.tuple(fc.nat(), fc.constantFrom('a', 'b', 'c', 'a-1'), quota), {
    minLength: 1,
    maxLength: 12,
  })
  .map((drawn) => {
    const ids = ['moka'];
    const quotas: Record<string, QuotaSample> = {};
    for (const [place, name, sample] of drawn) {
      const id = `${ids[place % ids.length] ?? 'moka'}/${name}`;
      if (quotas[id] !== undefined || id.split('/').length > 6) continue;
      ids.push(id);
      quotas[id] = sample;
    }
    return dispatchedSet('moka', resources, quotas);
  });
