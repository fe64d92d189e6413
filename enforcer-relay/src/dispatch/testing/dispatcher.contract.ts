/** What every dispatcher must keep to: run it for a new one, in a unit spec or against a real target. */
import type {
  Dispatcher,
  ResourceDeclaration,
  ResourceLimit,
  TargetReport,
} from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { checksumOf } from '../checksum.ts';
import type { DispatchedSet, Format, Place } from '../dispatcher.ts';
import { TargetKeeper } from '../targetKeeper.ts';
import type { KeeperSettings } from '../targetKeeper.ts';
import { Turns } from '../turns.ts';
import { dispatchedSet } from './dispatchedSets.ts';
import type { QuotaSample } from './dispatchedSets.ts';

/** One target, empty, and ways to look at it from outside. */
export interface TargetUnderTest {
  /** A new one each time, as after a restart. */
  readonly place: () => Place;
  /** What it holds now, not by way of the place; null: nothing. */
  readonly holds: () => Promise<string | null>;
  /** How often it was changed by a place so far. */
  readonly writes: () => number;
  /** As somebody else would. */
  readonly changeIt: () => Promise<void>;
  /** Whether it can be reached. */
  readonly setReachable: (isReachable: boolean) => void | Promise<void>;
  readonly close: () => Promise<void>;
}

export type Amount = bigint | 'blocked' | 'unlimited';

export interface DispatcherUnderTest {
  readonly dispatcher: Dispatcher;
  readonly format: Format;
  readonly resources: readonly ResourceDeclaration[];
  /** The limits of a quota by one number, of each resource that the target is told of. */
  readonly limits: (amount: Amount) => readonly ResourceLimit[];
  readonly open: () => Promise<TargetUnderTest>;
  /** What must stand in no text, report or log line; empty: it needs none. */
  readonly secrets: readonly string[];
  /** Whether it remembers by itself what it was given; else a restart gives it once more. Default: yes. */
  readonly isReadBack?: boolean;
}

class Bench {
  readonly subject: DispatcherUnderTest;
  readonly target: TargetUnderTest;
  readonly reports: TargetReport[] = [];
  readonly lines: string[] = [];
  readonly #abort = new AbortController().signal;
  readonly #settings: Partial<KeeperSettings>;
  #keeper: TargetKeeper;
  #set: DispatchedSet | null = null;
  #desired = { set: dispatchedSet('moka', [], {}), offset: 0n };

  constructor(
    subject: DispatcherUnderTest,
    target: TargetUnderTest,
    settings: Partial<KeeperSettings>,
  ) {
    this.subject = subject;
    this.target = target;
    this.#settings = settings;
    this.#keeper = this.#begun();
  }

  restart(): void {
    this.#keeper = this.#begun();
  }

  /** The quotas by amount, as of the next event; then one look. */
  async bring(amounts: Readonly<Record<string, Amount | 'unset'>>): Promise<string> {
    const { resources, limits } = this.subject;
    const quotas: Record<string, QuotaSample> = {};
    for (const [id, amount] of Object.entries(amounts)) {
      quotas[id] = { limits: amount === 'unset' ? [] : limits(amount) };
    }
    this.#set = dispatchedSet('moka', resources, quotas);
    this.#desired = { set: this.#set, offset: this.#desired.offset + 1n };
    return this.look();
  }

  async look(): Promise<string> {
    return (await this.#keeper.round(this.#abort)).state;
  }

  /** What the target would let through of a quota. */
  async most(quotaId: string): Promise<readonly (bigint | 'unlimited')[]> {
    const text = await this.target.holds();
    const held = text === null ? [] : this.subject.format.held(text, this.#desired.set);
    return held.filter((each) => each.quotaId === quotaId).map(({ most }) => most);
  }

  #begun(): TargetKeeper {
    const log = (...said: unknown[]): void => void this.lines.push(inspected(said));
    return new TargetKeeper({
      application: 'moka',
      dispatcher: this.subject.dispatcher,
      format: this.subject.format,
      place: this.target.place(),
      desired: () => Promise.resolve(this.#desired),
      caughtUp: () => Promise.resolve(),
      clock: { nowMs: () => 0, pause: () => Promise.resolve() },
      report: (report) => Promise.resolve(void this.reports.push(report)),
      turns: new Turns(1),
      logger: { info: log, warn: log },
      settings: { pollMs: 1_000, onDrift: 'restore', ...this.#settings },
    });
  }
}

const inspected = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) =>
    each instanceof Error
      ? { name: each.name, message: each.message, stack: each.stack }
      : typeof each === 'bigint'
        ? each.toString()
        : each,
  );

const two = { 'moka/prod': 8_000n, 'moka/prod/ads': 4_000n };

export function dispatcherContract(name: string, subject: DispatcherUnderTest): void {
  const on =
    (work: (bench: Bench) => Promise<void>, settings: Partial<KeeperSettings> = {}) =>
    async (): Promise<void> => {
      const target = await subject.open();
      try {
        await work(new Bench(subject, target, settings));
      } finally {
        await target.close();
      }
    };

  describe(`${name}, as every dispatcher`, () => {
    it(
      'brings what is meant and confirms it by its checksum',
      on(async (bench) => {
        expect(await bench.bring(two)).toBe('applied');
        const text = await bench.target.holds();
        expect(bench.reports.at(-1)).toMatchObject({
          state: 'applied',
          desiredOffset: 1n,
          deliveredOffset: 1n,
          appliedOffset: 1n,
          checksum: checksumOf(text ?? ''),
        });
      }),
    );

    it(
      'writes nothing that is there already, also after a restart',
      on(async (bench) => {
        await bench.bring(two);
        expect(bench.target.writes()).toBe(1);
        await bench.bring(two);
        expect(bench.target.writes()).toBe(1);
        bench.restart();
        expect(await bench.look()).toBe('applied');
        expect(bench.target.writes()).toBe(subject.isReadBack === false ? 2 : 1);
      }),
    );

    it(
      'never writes an empty set: what is there stays',
      on(async (bench) => {
        expect(await bench.bring({})).toBe('refused');
        expect(await bench.target.holds()).toBeNull();
        await bench.bring(two);
        const good = await bench.target.holds();
        expect(await bench.bring({})).toBe('refused');
        expect(await bench.target.holds()).toBe(good);
        expect(bench.reports.at(-1)?.problem).toContain('no quotas');
      }),
    );

    it.each([['blocked'], [0n], [1n]] as const)(
      'never turns a cut to %s into a licence',
      (amount) =>
        on(async (bench) => {
          await bench.bring(two);
          const before = await bench.most('moka/prod');
          expect(before.length).toBeGreaterThan(0);
          await bench.bring({ 'moka/prod': amount, 'moka/prod/ads': amount });
          for (const id of ['moka/prod', 'moka/prod/ads']) {
            const held = await bench.most(id);
            expect(held.length).toBeGreaterThan(0);
            for (const [index, most] of held.entries()) {
              expect(most).not.toBe('unlimited');
              expect(Number(most)).toBeLessThanOrEqual(Number(before[index]));
            }
          }
        })(),
    );

    it(
      'lets a limit go only by the word unlimited',
      on(async (bench) => {
        await bench.bring(two);
        const good = await bench.target.holds();
        expect(await bench.bring({ 'moka/prod': 'unset', 'moka/prod/ads': 'unset' })).toBe(
          'refused',
        );
        expect(await bench.target.holds()).toBe(good);
        await bench.bring({ 'moka/prod': 'unlimited', 'moka/prod/ads': 4_000n });
        expect(await bench.target.holds()).not.toBe(good);
      }),
    );

    it(
      'keeps the last good text while the target is away, and brings the new one afterwards',
      on(async (bench) => {
        await bench.bring(two);
        const good = await bench.target.holds();
        await bench.target.setReachable(false);
        expect(await bench.bring({ ...two, 'moka/prod/ads': 3_000n })).toMatch(
          /^(unreachable|refused)$/,
        );
        expect(bench.reports.at(-1)).toMatchObject({ desiredOffset: 2n, appliedOffset: 1n });
        await bench.target.setReachable(true);
        expect(await bench.target.holds()).toBe(good);
        expect(await bench.look()).toBe('applied');
        expect(bench.reports.at(-1)).toMatchObject({ appliedOffset: 2n, problem: null });
      }),
    );

    const seesDrift = subject.isReadBack === false ? () => undefined : it;
    seesDrift(
      'sees that somebody else changed the target, says so, and then puts it right',
      on(async (bench) => {
        await bench.bring(two);
        const good = await bench.target.holds();
        await bench.target.changeIt();
        expect(await bench.target.holds()).not.toBe(good);
        expect(await bench.look()).toBe('drifted');
        expect(bench.reports.at(-1)?.state).toBe('drifted');
        expect(await bench.look()).toBe('applied');
        expect(await bench.target.holds()).toBe(good);
      }),
    );

    seesDrift(
      'leaves a change by somebody else where the registration says so, until the next event',
      on(
        async (bench) => {
          await bench.bring(two);
          await bench.target.changeIt();
          const changed = await bench.target.holds();
          const looks = [await bench.look(), await bench.look(), await bench.look()];
          expect(looks).toEqual(['drifted', 'drifted', 'drifted']);
          expect(await bench.target.holds()).toBe(changed);
          expect(await bench.bring({ ...two, 'moka/prod': 7_000n })).toBe('applied');
        },
        { onDrift: 'report' },
      ),
    );

    it(
      'says no secret: not in the text, a report or a log line',
      on(async (bench) => {
        await bench.bring(two);
        await bench.target.setReachable(false);
        await bench.bring({ ...two, 'moka/prod': 7_000n });
        const said = [await bench.target.holds(), inspected(bench.reports), ...bench.lines];
        for (const secret of subject.secrets) expect(said.join('\n')).not.toContain(secret);
        expect(said.length).toBeGreaterThan(2);
      }),
    );
  });
}
