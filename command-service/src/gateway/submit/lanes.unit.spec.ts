import { VirtualClock } from '@prorata/kafka-port';
import type { Principal } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { Lanes } from './lanes.ts';
import type { LaneLimits, Leave } from './lanes.ts';

const named = (kind: 'user' | 'robot', subject: string): Principal => ({
  actor: { kind, issuer: 'https://issuer.test', subject },
  roles: [kind === 'robot' ? 'robot' : 'operator'],
  grants: [],
  groups: [],
  application: null,
  endsAtMs: Infinity,
});
const olga = named('user', 'olga');
const robot = named('robot', 'r-1');
const stays = (): void => undefined;

function bench(limits: Partial<LaneLimits> = {}) {
  const clock = new VirtualClock();
  const after = (ms: number, run: () => void): (() => void) => {
    let isCancelled = false;
    void clock.sleep(ms).then(() => {
      if (!isCancelled) run();
    });
    return () => (isCancelled = true);
  };
  // Somewhere in the day, as a wall clock is.
  let startMs = 10_000_000;
  const now = (): bigint => BigInt(startMs + clock.nowMs) * 1_000n;
  const putBack = (ms: number): void => void (startMs -= ms);
  return { clock, putBack, lanes: new Lanes({ after, now }, limits) };
}

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
    return null;
  } catch (error) {
    return (error as { code: unknown }).code;
  }
};

describe('what a principal has under way', () => {
  it('is bounded for each by itself, and its room comes back', () => {
    const { lanes } = bench({ principalMax: 3 });
    const leave = lanes.enter(olga, 2);
    expect(codeOf(() => lanes.enter(olga, 2))).toBe('TOO_MANY_IN_FLIGHT');
    expect(codeOf(() => lanes.enter(named('user', 'otto'), 3))).toBe(null);
    leave();
    expect(codeOf(() => lanes.enter(olga, 2))).toBe(null);
  });

  it('is less for a robot, and bounded for all robots together', () => {
    const { lanes } = bench({ robotMax: 3, robotsMax: 5 });
    expect(codeOf(() => lanes.enter(robot, 4))).toBe('ROBOT_PACED');
    const leave = lanes.enter(robot, 3);
    expect(codeOf(() => lanes.enter(robot, 1))).toBe('ROBOT_PACED');
    expect(codeOf(() => lanes.enter(named('robot', 'r-2'), 3))).toBe('ROBOT_PACED');
    expect(codeOf(() => lanes.enter(olga, 500))).toBe(null);
    leave();
    expect(codeOf(() => lanes.enter(named('robot', 'r-2'), 3))).toBe(null);
    expect(lanes.robots).toBe(5);
  });

  it('is a whole batch for a robot as it stands, and two for a person', () => {
    const { lanes } = bench();
    lanes.enter(robot, 500);
    expect(codeOf(() => lanes.enter(robot, 1))).toBe('ROBOT_PACED');
    lanes.enter(olga, 500);
    lanes.enter(olga, 500);
    expect(codeOf(() => lanes.enter(olga, 1))).toBe('TOO_MANY_IN_FLIGHT');
  });
});

describe('the lane of robots', () => {
  /** Takes turns without waiting; `come` is who had one, in order. */
  function queue(lanes: Lanes, count: number, partition = 0) {
    const come: { readonly name: number; readonly leave: Leave }[] = [];
    const gone: number[] = [];
    const goes = new Map<number, () => void>();
    for (let name = 0; name < count; name++) {
      const turn = lanes.turn(robot, partition, (listener) => void goes.set(name, listener));
      turn?.then(
        (leave) => come.push({ name, leave }),
        () => gone.push(name),
      );
    }
    return { come, gone, goes };
  }
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('is no person’s', () => {
    const { lanes } = bench({ laneMax: 0 });
    expect(lanes.turn(olga, 0, stays)).toBe(null);
  });

  it('lets so many through a partition at once, first come, first served', async () => {
    const { lanes } = bench({ laneMax: 2 });
    const { come } = queue(lanes, 5);
    const elsewhere = queue(lanes, 2, 1);
    await settle();
    expect(come.map(({ name }) => name)).toEqual([0, 1]);
    expect(elsewhere.come).toHaveLength(2);
    come[1]?.leave();
    come[1]?.leave();
    await settle();
    expect(come.map(({ name }) => name)).toEqual([0, 1, 2]);
    for (const each of [...come]) each.leave();
    await settle();
    expect(come.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4]);
    for (const each of come) each.leave();
    expect((await lanes.turn(robot, 0, stays)) instanceof Function).toBe(true);
  });

  it('loses its patience after five seconds, and whoever has gone', async () => {
    const { lanes, clock } = bench({ laneMax: 1 });
    const { come, gone, goes } = queue(lanes, 3);
    await settle();
    goes.get(1)?.();
    await settle();
    expect(gone).toEqual([1]);
    await clock.advance(5_000);
    await settle();
    expect(gone).toEqual([1, 2]);
    // Who has had a turn keeps it: the command is on its way.
    goes.get(0)?.();
    expect(come).toHaveLength(1);
    const next = lanes.turn(robot, 0, stays);
    come[0]?.leave();
    expect(await next).toBeInstanceOf(Function);
  });

  it('goes in rounds while somebody else is about, one every 40 ms', async () => {
    const { lanes, clock } = bench({ laneMax: 10, roundMax: 2 });
    lanes.enter(olga, 1);
    const { come } = queue(lanes, 5);
    await settle();
    expect(come).toHaveLength(2);
    for (const each of [...come]) each.leave();
    await clock.advance(39);
    await settle();
    expect(come).toHaveLength(2);
    await clock.advance(1);
    await settle();
    expect(come).toHaveLength(4);
    // A round that is not through yet holds up the next, however late it is.
    await clock.advance(200);
    await settle();
    expect(come).toHaveLength(4);
    for (const each of [...come]) each.leave();
    // It took 200 ms: the next begins after four times that.
    await clock.advance(599);
    await settle();
    expect(come).toHaveLength(4);
    await clock.advance(1);
    await settle();
    expect(come).toHaveLength(5);
  });

  it('waits no more than a second for the next round, whatever has become of a command', async () => {
    const { lanes, clock } = bench({ roundMax: 1 });
    lanes.enter(olga, 1);
    const { come } = queue(lanes, 3);
    await clock.advance(4_000);
    await settle();
    come[0]?.leave();
    await settle();
    expect(come).toHaveLength(2);
    come[1]?.leave();
    await clock.advance(40);
    await settle();
    expect(come).toHaveLength(3);
  });

  it('begins its rounds in one partition after the other, and in each as often', async () => {
    const { lanes, clock } = bench({ roundMax: 2 });
    lanes.enter(olga, 1);
    const partitions = [0, 1, 2, 3].map((partition) => queue(lanes, 40, partition));
    const began: { readonly atMs: number; readonly partition: number }[] = [];
    for (let atMs = 0; atMs < 400; atMs++) {
      await settle();
      for (const [partition, { come }] of partitions.entries()) {
        if (come.length > 0) began.push({ atMs, partition });
        for (const { leave } of come.splice(0)) leave();
      }
      await clock.advance(1);
    }
    const gaps = began.slice(1).map(({ atMs }, index) => atMs - (began[index]?.atMs ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(8);
    // Ten in 400 ms at the most.
    for (const partition of partitions.keys()) {
      const rounds = began.filter((each) => each.partition === partition);
      expect(rounds.length).toBeGreaterThanOrEqual(9);
    }
  });

  it('begins no round while another is on its way', async () => {
    const { lanes, clock } = bench({ roundMax: 1 });
    lanes.enter(olga, 1);
    const partitions = [0, 1, 2, 3].map((partition) => queue(lanes, 100, partition));
    const began: number[] = [];
    const leaves: { readonly atMs: number; readonly leave: Leave }[] = [];
    for (let atMs = 0; atMs < 4_000; atMs++) {
      for (const { leave } of leaves.filter((each) => each.atMs === atMs)) leave();
      await settle();
      for (const { come } of partitions) {
        for (const { leave } of come.splice(0)) {
          began.push(atMs);
          leaves.push({ atMs: atMs + 100, leave });
        }
      }
      await clock.advance(1);
    }
    // The first are not known to take long.
    const later = began.slice(10);
    const gaps = later.slice(1).map((atMs, index) => atMs - (later[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(100);
    expect(later.length).toBeGreaterThan(20);
  });

  it('is as wide as before two seconds after the last of the others', async () => {
    const { lanes, clock } = bench({ laneMax: 4, roundMax: 1 });
    lanes.enter(olga, 1)();
    const { come } = queue(lanes, 6);
    await settle();
    expect(come).toHaveLength(1);
    await clock.advance(1_999);
    await settle();
    expect(come).toHaveLength(1);
    await clock.advance(1);
    come[0]?.leave();
    await settle();
    expect(come).toHaveLength(5);
  });

  it('does not stand still when the clock is put back', async () => {
    const { lanes, clock, putBack } = bench({ laneMax: 1, roundMax: 1 });
    lanes.enter(olga, 1);
    const { come } = queue(lanes, 2);
    await settle();
    putBack(3_600_000);
    come[0]?.leave();
    await clock.advance(40);
    await settle();
    expect(come).toHaveLength(2);
  });
});
