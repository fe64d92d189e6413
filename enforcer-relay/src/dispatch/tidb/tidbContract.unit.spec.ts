import { capacity, ratePerSecond } from '../testing/dispatchedSets.ts';
import { dispatcherContract } from '../testing/dispatcher.contract.ts';
import type { TargetUnderTest } from '../testing/dispatcher.contract.ts';
import { textInForce } from './groupsInForce.ts';
import { tidbDispatcher } from './tidbDispatcher.ts';
import { accessTo, dispatcherFor, PASSWORD, resources } from './testing/tidbSample.ts';
import { tidbDouble } from './testing/tidbDouble.ts';
import type { TidbAge, TidbDouble } from './testing/tidbDouble.ts';

const PREFIX = 'pr_moka__';

function textIn({ groups }: TidbDouble, age: TidbAge, off: 'OFF' | 'FALSE'): string | null {
  const rows = [...groups]
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, { ruPerSec, priority, burst, queryLimit }]) => ({
      name,
      ruPerSec: ruPerSec.toString(),
      priority,
      burstable: burst >= 0n ? 'OFF' : age === 'old' ? 'YES' : 'MODERATED',
      queryLimit,
    }));
  return textInForce(PREFIX, off, rows);
}

function openedBy(age: TidbAge, off: 'OFF' | 'FALSE') {
  return async (): Promise<TargetUnderTest> => {
    const double = await tidbDouble('prorata', age);
    let writes = 0;
    return {
      place() {
        const dispatcher = dispatcherFor(double.port, { burstableOff: off });
        const place = tidbDispatcher.place(dispatcher, accessTo(double));
        return {
          read: (abort) => place.read(abort),
          async write(text, former, abort) {
            await place.write(text, former, abort);
            writes++;
          },
        };
      },
      holds: () => Promise.resolve(textIn(double, age, off)),
      writes: () => writes,
      changeIt() {
        const group = double.groups.get(`${PREFIX}prod`);
        if (group !== undefined) group.ruPerSec = 1_000_000n;
        return Promise.resolve();
      },
      setReachable: (isReachable) => void (double.isReachable = isReachable),
      close: () => double.close(),
    };
  };
}

for (const [age, off] of [
  ['new', 'OFF'],
  ['old', 'FALSE'],
] as const) {
  const dispatcher = dispatcherFor(4_000, { burstableOff: off });
  dispatcherContract(`A TiDB, ${age}`, {
    dispatcher,
    format: tidbDispatcher.format(dispatcher, 'moka'),
    resources,
    limits: (amount) => [
      ratePerSecond('ru', amount),
      capacity('query-time', amount),
      capacity('query-keys', amount),
    ],
    open: openedBy(age, off),
    secrets: [PASSWORD],
  });
}
