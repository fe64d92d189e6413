import { describe, expect, it } from 'vitest';
import { TargetRefused, TargetUnreachable } from '../dispatcher.ts';
import type { TargetAccess } from '../dispatcher.ts';
import { dispatchedSet, ratePerSecond } from '../testing/dispatchedSets.ts';
import { noAccess } from '../testing/targetAccess.ts';
import { textFor } from '../textFor.ts';
import { tidbDispatcher } from './tidbDispatcher.ts';
import { accessTo, dispatcherFor, PASSWORD, resources } from './testing/tidbSample.ts';
import { tidbDouble } from './testing/tidbDouble.ts';
import type { TidbDouble } from './testing/tidbDouble.ts';

const signal = AbortSignal.timeout(60_000);

describe('A TiDB', () => {
  const on = (work: (double: TidbDouble) => Promise<void>) => async (): Promise<void> => {
    const double = await tidbDouble('prorata');
    await work(double).finally(() => double.close());
  };

  function textOf(quotas: Readonly<Record<string, bigint>>): string {
    const samples = Object.entries(quotas).map(
      ([id, amount]) => [id, { limits: [ratePerSecond('ru', amount)] }] as const,
    );
    const format = tidbDispatcher.format(dispatcherFor(4_000), 'moka');
    const made = textFor(format, dispatchedSet('moka', resources, Object.fromEntries(samples)));
    if (made.kind === 'refused') throw new Error(made.reasons.join(' '));
    return made.text;
  }

  const nothing = { checksum: null, text: null };
  const write = async (double: TidbDouble, text: string, more: object = {}): Promise<void> => {
    const place = tidbDispatcher.place(dispatcherFor(double.port, more), accessTo(double));
    await place.write(text, nothing, signal);
  };

  it(
    'runs the statements alone that change something',
    on(async (double) => {
      await write(double, textOf({ 'moka/a': 5n, 'moka/b': 6n }));
      expect(double.changes).toHaveLength(4);
      await write(double, textOf({ 'moka/a': 5n, 'moka/b': 7n }));
      expect(double.changes.slice(4)).toEqual([
        'ALTER RESOURCE GROUP `pr_moka__b` RU_PER_SEC = 7 PRIORITY = MEDIUM BURSTABLE = OFF QUERY_LIMIT = NULL;',
      ]);
    }),
  );

  it(
    'drops what is ours and gone, and touches nothing else',
    on(async (double) => {
      const theirs = { ruPerSec: 9n, priority: 'LOW', burst: 9n, queryLimit: null };
      for (const name of ['pr_mokas__a', 'moka', 'xpr_moka__a'])
        double.groups.set(name, { ...theirs });
      await write(double, textOf({ 'moka/a': 5n, 'moka/b': 6n }));
      await write(double, textOf({ 'moka/b': 6n }));
      expect([...double.groups.keys()]).toEqual([
        'default',
        'pr_mokas__a',
        'moka',
        'xpr_moka__a',
        'pr_moka__b',
      ]);
      expect(double.changes.at(-1)).toBe('DROP RESOURCE GROUP IF EXISTS `pr_moka__a`;');
      expect(double.groups.get('pr_mokas__a')).toEqual(theirs);
    }),
  );

  it(
    'keeps a group that is gone while a user is bound to it, and says which; all others are set',
    on(async (double) => {
      await write(double, textOf({ 'moka/a': 5n, 'moka/b': 6n }));
      double.bound.add('pr_moka__a');
      await expect(write(double, textOf({ 'moka/b': 7n }))).rejects.toThrow(
        /depends on the resource group/,
      );
      expect(double.groups.get('pr_moka__a')?.ruPerSec).toBe(5n);
      expect(double.groups.get('pr_moka__b')?.ruPerSec).toBe(7n);
    }),
  );

  it(
    'takes back a burst that somebody allowed, and a watch list',
    on(async (double) => {
      const text = textOf({ 'moka/a': 5n });
      await write(double, text);
      const group = double.groups.get('pr_moka__a');
      if (group === undefined) throw new Error('It was not made.');
      group.burst = -1n;
      group.queryLimit = "EXEC_ELAPSED='1s', ACTION=DRYRUN, WATCH=EXACT DURATION=UNLIMITED";
      const place = tidbDispatcher.place(dispatcherFor(double.port), accessTo(double));
      expect((await place.read(signal)).text).toContain('WATCH=EXACT');
      await write(double, text);
      expect(double.groups.get('pr_moka__a')).toMatchObject({ burst: 5n, queryLimit: null });
      expect((await place.read(signal)).text).toBe(text);
    }),
  );

  it(
    'names the setting where a server does not know the word',
    on(async (double) => {
      const text = textOf({ 'moka/a': 5n }).replaceAll('= OFF', '= FALSE');
      await expect(write(double, text)).rejects.toThrow(/burstableOff/);
    }),
  );

  it.each([
    ['resource control is switched off', 8250, TargetRefused],
    ['it may not change groups', 1227, TargetRefused],
    ['too many others are connected', 1040, TargetUnreachable],
  ])('says that %s', async (message, code, kind) => {
    await on(async (double) => {
      double.failNext = { matches: /RESOURCE GROUP/, code, message };
      const writing = write(double, textOf({ 'moka/a': 5n }));
      await expect(writing).rejects.toThrow(kind);
      await expect(writing).rejects.toThrow(message);
    })();
  });

  it(
    'is refused to a login that it does not know, without the password in the words',
    on(async (double) => {
      const writing = write(double, textOf({ 'moka/a': 5n }), { user: 'nobody' });
      await expect(writing).rejects.toThrow(TargetRefused);
      await expect(writing).rejects.not.toThrow(PASSWORD);
    }),
  );

  it('is asked nowhere but where the operator says, and without TLS on this machine alone', async () => {
    const place = (target: string, access: TargetAccess, more: object = {}) =>
      tidbDispatcher.place({ ...dispatcherFor(1, more), target }, access).read(signal);
    await expect(place('localhost:1', noAccess)).rejects.toThrow('not on the operator');
    const hosts = new Set(['db.example.test:4000', '169.254.169.254:4000']);
    const access = { ...noAccess, hosts, secret: () => Promise.resolve(PASSWORD) };
    await expect(place('db.example.test', access)).rejects.toThrow('Without TLS');
    const metadata = place('169.254.169.254', access, { tls: true });
    await expect(metadata).rejects.toThrow('is not asked');
  });

  it(
    'ends with its signal also where no answer comes',
    on(async (double) => {
      double.isSilent = true;
      const abort = new AbortController();
      const place = tidbDispatcher.place(dispatcherFor(double.port), accessTo(double));
      const reading = place.read(abort.signal);
      setTimeout(() => abort.abort(new Error('over')), 100);
      await expect(reading).rejects.toThrow('over');
    }),
  );

  it(
    'ends with its signal, and refuses a server without TLS where TLS is meant',
    on(async (double) => {
      const place = tidbDispatcher.place(dispatcherFor(double.port), accessTo(double));
      await expect(place.read(AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
      const secure = tidbDispatcher.place(
        dispatcherFor(double.port, { tls: true }),
        accessTo(double),
      );
      await expect(secure.read(signal)).rejects.toThrow(TargetUnreachable);
    }),
  );
});
