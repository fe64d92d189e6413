import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { fairShares } from './fairShares.ts';
import { MICRO_UNITS } from './heardDemand.ts';
import { Fleet } from './testing/fleet.ts';

/**
 * The scenarios that Doorman published figures for (doc/design.md, "Convergence and shortfall", and
 * simulation/scenario_five.py and scenario_seven.py of youtube/doorman): 500 to be shared by 45 hosts, each of
 * which wants 15 and then, every 10 s, up to a tenth more or less; refreshed every 8 s, leased for 60 s, looked
 * at every 5 s, for an hour. In the seventh with a mishap a minute: one host wants 100 more (5 of 30), another
 * allocator takes over (10), or there is none for up to a minute (15). Doorman's figures: 96.8 % handed out in
 * the fifth; in the seventh 96.6 %, 106 % at most, and up to 2 minutes until all was handed out again.
 *
 * What is handed out to who does not want it is not used: that is the stricter figure, and while there is no
 * allocator nothing can follow demand.
 */
const LIMIT = 500n;
const HOSTS = 45;
const WANTED = 15;
const REFRESH_MS = 8_000;
const times = { lifeMicros: 60_000_000n, refreshMicros: BigInt(REFRESH_MS) * 1_000n };
const SEEDS = [1, 2, 3];
const HOUR_MS = 3_600_000;
const LOOK_MS = 5_000;
/** Until the first leases are out: nothing is handed out before. */
const BEGIN_MS = 30_000;

function newFleet(seed: number): Fleet {
  const fleet = new Fleet({ kind: 'rate', limit: LIMIT, seed, times });
  for (let host = 0; host < HOSTS; host += 1) fleet.join(WANTED);
  return fleet;
}

function changeDemand(fleet: Fleet): void {
  for (const [index, { wanted }] of fleet.hosts.entries()) {
    fleet.want(index, wanted * (1 + 0.1 * (1 - 2 * fleet.random())));
  }
}

function mishap(fleet: Fleet): void {
  const drawn = fleet.random() * 30;
  const host = Math.floor(fleet.random() * HOSTS);
  if (drawn < 5) fleet.want(host, (fleet.hosts[host]?.wanted ?? 0) + 100);
  else if (drawn < 15) fleet.failOver(0);
  else fleet.failOver(Math.round(fleet.random() * 60_000));
}

/** Of what could be used: what hosts want and may take, and what they hold together. */
function look(fleet: Fleet): { used: number; handedOut: number } {
  const shares = fleet.shares().map((share) => Number(share) / Number(MICRO_UNITS));
  const wanted = fleet.hosts.map((host) => host.wanted);
  const used = sum(shares.map((share, index) => Math.min(share, wanted[index] ?? 0)));
  return {
    used: used / Math.min(Number(LIMIT), sum(wanted)),
    handedOut: sum(shares) / Number(LIMIT),
  };
}

const sum = (figures: readonly number[]): number => figures.reduce((all, each) => all + each, 0);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const mean = (figures: readonly number[]): number => sum(figures) / figures.length;
const percent = (part: number): number => Math.round(part * 1_000) / 10;

/** Whether every host has what is fair for what it wants, but for a twentieth. */
function isSettled(fleet: Fleet): boolean {
  const there = fleet.hosts.filter(({ isGone }) => !isGone);
  const claims = there.map(({ wanted }) => ({
    wanted: BigInt(Math.round(wanted * 1e6)),
    weight: 1n,
  }));
  const fair = fairShares(fleet.limit, claims);
  return fleet.shares().every((share, index) => share * 20n >= (fair[index] ?? 0n) * 19n);
}

function settlesIn(fleet: Fleet): number {
  for (let ms = 0; ms < 120_000; ms += 100) {
    if (isSettled(fleet)) return ms;
    fleet.pass(100);
  }
  return Infinity;
}

describe('shares of a fleet-wide limit', () => {
  it.each([
    { scenario: 'five', mishaps: false, usedLeast: 0.97 },
    { scenario: 'seven', mishaps: true, usedLeast: 0.95 },
  ])(
    'are handed out to 97 of 100 and never pass the limit, in scenario $scenario of Doorman',
    ({ scenario, mishaps, usedLeast }) => {
      for (const seed of SEEDS) {
        const fleet = newFleet(seed);
        fleet.pass(BEGIN_MS);
        const looks: { used: number; handedOut: number }[] = [];
        for (let ms = LOOK_MS; ms <= HOUR_MS; ms += LOOK_MS) {
          fleet.pass(LOOK_MS);
          looks.push(look(fleet));
          if (ms % 10_000 === 0) changeDemand(fleet);
          if (mishaps && ms % 60_000 === 0) mishap(fleet);
        }
        const used = mean(looks.map((each) => each.used));
        const handedOut = mean(looks.map((each) => each.handedOut));
        const most = Number(fleet.mostTaken) / Number(fleet.limit);
        say(
          `scenario ${scenario}, seed ${seed}: handed out ${percent(handedOut)} %, used ` +
            `${percent(used)} % of what could be, at most ${percent(most)} % at once`,
        );
        expect(handedOut, `seed ${seed}`).toBeGreaterThanOrEqual(0.97);
        expect(used, `seed ${seed}`).toBeGreaterThanOrEqual(usedLeast);
        expect(most, `seed ${seed}`).toBeLessThanOrEqual(1);
      }
    },
  );

  it('are settled within two refreshes of a spike, a crowd that joins and a takeover', () => {
    for (const seed of SEEDS) {
      const fleet = newFleet(seed);
      fleet.pass(BEGIN_MS);
      expect(isSettled(fleet), `seed ${seed}`).toBe(true);
      fleet.want(3, 115);
      const spike = settlesIn(fleet);
      for (let host = 0; host < 9; host += 1) fleet.join(WANTED);
      const joined = settlesIn(fleet);
      fleet.failOver(0);
      for (let host = 0; host < 9; host += 1) fleet.want(host, 5);
      const takenOver = settlesIn(fleet);
      say(`seed ${seed}: settled after ${spike}, ${joined} and ${takenOver} ms`);
      expect(Math.max(spike, joined, takenOver), `seed ${seed}`).toBeLessThanOrEqual(
        2 * REFRESH_MS,
      );
    }
  });

  it('come back from hosts that crashed when their leases are over', () => {
    const fleet = newFleet(7);
    fleet.pass(BEGIN_MS);
    for (let host = 0; host < 20; host += 1) fleet.crash(host);
    const ms = settlesIn(fleet);
    say(`settled ${ms} ms after 20 of ${HOSTS} hosts crashed`);
    expect(ms).toBeLessThanOrEqual(Number(times.lifeMicros) / 1_000 + 2_000 + 2 * REFRESH_MS);
    expect(fleet.mostTaken).toBeLessThanOrEqual(fleet.limit);
  });
});
