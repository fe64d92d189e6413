import assert from 'node:assert/strict';
import type { TargetReport } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { holdingOf } from './checksum.ts';
import { TargetChanged, TargetUnreachable } from './dispatcher.ts';
import type { Format, Place } from './dispatcher.ts';
import { rulesFormat } from './rules/rulesFormat.ts';
import { TargetKeeper } from './targetKeeper.ts';
import type { Desired } from './targetKeeper.ts';
import { dispatchedSet, ratePerSecond, resource } from './testing/dispatchedSets.ts';
import { Turns } from './turns.ts';

const dispatcher = {
  name: 'd',
  kind: 'file',
  target: 't',
  secretRef: null,
  settings: null,
} as const;
const desired = (amount: bigint, offset: bigint): Desired => ({
  offset,
  set: dispatchedSet('moka', [resource('tokens', 'rate', 'token')], {
    'moka/a': { limits: [ratePerSecond('tokens', amount)] },
  }),
});

/** A target in memory, a clock that moves with each pause, and what the keeper says. */
function setUp(more: Partial<Place> = {}, format: Partial<Format> = {}) {
  const here = {
    holding: holdingOf(null),
    desired: desired(5n, 1n),
    nowMs: 0,
    pauses: [] as number[],
    reports: [] as TargetReport[],
    caughtUp: () => Promise.resolve(),
    looks: Infinity,
    warned: [] as string[],
  };
  const ended = new AbortController();
  const keeper = new TargetKeeper({
    application: 'moka',
    dispatcher,
    format: { ...rulesFormat, ...format },
    place: {
      read: () => Promise.resolve(here.holding),
      write: (text) => Promise.resolve(void (here.holding = holdingOf(text))),
      ...more,
    },
    desired: () => Promise.resolve(here.desired),
    caughtUp: () => here.caughtUp(),
    clock: {
      nowMs: () => here.nowMs,
      pause: (ms) => {
        here.pauses.push(ms);
        here.nowMs += ms;
        if (--here.looks <= 0) ended.abort();
        return Promise.resolve();
      },
    },
    report: (report) => Promise.resolve(void here.reports.push(report)),
    turns: new Turns(1),
    logger: { info: () => undefined, warn: (_, message) => void here.warned.push(message) },
    settings: { pollMs: 30_000, onDrift: 'restore' },
  });
  const run = (looks: number): Promise<void> => {
    here.looks = looks;
    return keeper.run(ended.signal);
  };
  return { here, keeper, run, signal: ended.signal };
}

describe('the keeper of a target', () => {
  it('asks one that is away again after a second, doubling, a minute at most', async () => {
    const away = (): Promise<never> => Promise.reject(new TargetUnreachable('It is away.'));
    const { here, run } = setUp({ read: away });
    await run(7);
    expect(here.pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(here.reports[0]).toMatchObject({ state: 'unreachable', problem: 'It is away.' });
    expect(here.reports[0]?.since).toBe(0n);
  });

  it('tells the same twice a minute and no oftener, though it looks every second', async () => {
    const { here, keeper, signal } = setUp();
    for (let second = 0; second < 120; second++) {
      here.nowMs = second * 1_000;
      await keeper.round(signal);
    }
    expect(here.reports.map(({ reportedAt }) => Number(reportedAt) / 1_000_000)).toEqual([
      0, 30, 60, 90,
    ]);
    expect(new Set(here.reports.map(({ since }) => since))).toEqual(new Set([0n]));
  });

  it('writes nothing while the log is away, for it may be old', async () => {
    const { here, keeper, signal } = setUp();
    here.caughtUp = () => Promise.reject(new Error('away'));
    expect((await keeper.round(signal)).state).toBe('pending');
    expect(here.holding.text).toBeNull();
  });

  it('writes what is newer, when it sees before writing that there is something newer', async () => {
    const { here, keeper, signal } = setUp();
    here.caughtUp = () => {
      here.desired = desired(3n, 2n);
      here.caughtUp = () => Promise.resolve();
      return Promise.resolve();
    };
    expect((await keeper.round(signal)).state).toBe('applied');
    expect(here.holding.text).toContain('"amount":3');
    expect(here.reports.at(-1)?.appliedOffset).toBe(2n);
  });

  it('takes a write that was overtaken for none, and looks again', async () => {
    let isOvertaken = true;
    const { here, keeper, signal } = setUp({
      write(text) {
        if (isOvertaken) return Promise.reject(new TargetChanged('Somebody else wrote.'));
        here.holding = holdingOf(text);
        return Promise.resolve();
      },
    });
    expect((await keeper.round(signal)).state).toBe('pending');
    isOvertaken = false;
    expect((await keeper.round(signal)).state).toBe('applied');
  });

  it('takes what came there by a write of unknown outcome for its own, not for drift', async () => {
    const { here, keeper, signal } = setUp({
      write(text) {
        here.holding = holdingOf(text);
        return Promise.reject(new Error('socket hang up'));
      },
    });
    expect((await keeper.round(signal)).state).toBe('unreachable');
    expect((await keeper.round(signal)).state).toBe('applied');
    expect(here.reports.map(({ state }) => state)).toEqual(['unreachable', 'applied']);
  });

  it('tells a format that fails as a refusal with its reason, not as a target that is away, and once', async () => {
    const { here, keeper, signal } = setUp({}, { held: () => assert.fail('Its reader stumbles.') });
    await keeper.round(signal);
    expect(await keeper.round(signal)).toEqual({
      state: 'refused',
      problem: 'The format failed: Its reader stumbles.',
    });
    expect(here.holding.text).toBeNull();
    expect(here.warned.filter((message) => message === 'A format failed.')).toHaveLength(1);
  });

  it('waits longer for changes to gather the longer their text takes, but no longer than a cut may', async () => {
    const gatheredAfter = async (textMs: number): Promise<number | undefined> => {
      const { here, keeper, run } = setUp(
        { read: () => Promise.resolve((keeper.wake(), here.holding)) },
        { render: (set) => ((here.nowMs += textMs), rulesFormat.render(set)) },
      );
      await run(1);
      return here.pauses.at(0);
    };
    expect(await gatheredAfter(0)).toBe(200);
    expect(await gatheredAfter(500)).toBe(4_500);
    expect(await gatheredAfter(5_000)).toBe(10_000);
  });

  it('lets others have the thread between the steps of a text', async () => {
    const order: string[] = [];
    const step = (name: string): void => {
      order.push(name);
      setImmediate(() => order.push(`after ${name}`));
    };
    const { keeper, signal } = setUp(
      {},
      {
        render: (set) => (step('render'), rulesFormat.render(set)),
        check: (text) => (step('check'), rulesFormat.check(text)),
        held: (text, set) => (step('held'), rulesFormat.held(text, set)),
      },
    );
    await keeper.round(signal);
    expect(order).toEqual(['render', 'after render', 'check', 'after check', 'held', 'after held']);
  });

  it('makes no text of more quotas than its thread can bear', async () => {
    const { here, keeper, signal } = setUp({}, { render: () => assert.fail('It is made.') });
    const { set, offset } = here.desired;
    const [quota] = set.quotas;
    const quotas = Array.from({ length: 200_001 }, () => quota ?? assert.fail());
    here.desired = { offset, set: { ...set, quotas } };
    const { state, problem } = await keeper.round(signal);
    expect(state).toBe('refused');
    expect(problem).toContain('more than 200000');
  });

  it('says that it is not confirmed yet by what the place waits for', async () => {
    const { here, keeper, signal } = setUp({ confirm: () => Promise.resolve('not read yet') });
    await keeper.round(signal);
    expect(here.reports.at(-1)).toMatchObject({
      state: 'pending',
      problem: 'not read yet',
      deliveredOffset: 1n,
      appliedOffset: -1n,
    });
  });
});

describe('turns', () => {
  it('are given to so many at once, and then in the order of asking', async () => {
    const turns = new Turns(2);
    const began: number[] = [];
    const ends = [0, 1, 2, 3].map((place) => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      void turns.run(() => {
        began.push(place);
        return promise;
      });
      return () => resolve(undefined);
    });
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(began).toEqual([0, 1]);
    ends[1]?.();
    await settled();
    expect(began).toEqual([0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await settled();
    expect(began).toEqual([0, 1, 2, 3]);
  });
});
