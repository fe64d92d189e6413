import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceLimit } from '@prorata/schemas';
import { decide } from './decide.ts';
import { effectiveLimits, uncutLimit } from './effective.ts';
import { evolve } from './evolve.ts';
import { deepestCut } from './layers.ts';
import { ancestorsOf } from './ids.ts';
import { compareBounds, cutLimit, burstOf, guaranteeOf, minLimit } from './limits.ts';
import type { ApplicationState, QuotaState, StreamState } from './model.ts';
import { boundsInForce, isWithinBounds } from './rightsizingBounds.ts';
import { affectedQuotas, ruleOf } from './rules.ts';
import { stateFromText, stateToText } from './snapshot.ts';
import { drawnSteps } from './testing/drawnSteps.ts';
import { commandOf, liftOf, payerLevels, startHistory, take } from './testing/histories.ts';
import type { Step } from './testing/histories.ts';
import { DAY, stampCommand } from './testing/stamp.ts';
import { TestStream } from './testing/stream.ts';
import { dueTimeOf, dueTimes, touchedTimers } from './timers.ts';
import { brokenRules } from './testing/wholeTree.ts';

const steps = drawnSteps(40);

/** Every property holds over this many histories; a failure prints the seed and the smallest history. */
const HISTORIES = 150;

const payers = fc.constantFrom(...payerLevels);

function after(history: readonly Step[], level: (typeof payerLevels)[number] = 'first') {
  const stream = startHistory(level);
  for (const step of history) take(stream, step);
  return stream;
}

const knownQuota = (stream: TestStream, quotaId: string | null): QuotaState | undefined =>
  stream.state?.kind === 'application' ? stream.state.quotas.get(quotaId ?? '') : undefined;
const stateOf = (stream: TestStream): ApplicationState => stream.state as ApplicationState;

/** What is in force, without where it comes from. */
function inForce(state: ApplicationState): Record<string, ResourceLimit[]> {
  const ids = [...state.quotas.keys()].sort();
  return Object.fromEntries(
    ids.map((id) => [id, effectiveLimits(state, id).map(({ limit }) => limit)]),
  );
}

/** Not looser in any way: bound, burst, guarantee. */
function isWithin(limit: ResourceLimit, most: ResourceLimit): boolean {
  if (compareBounds(limit, most) > 0) return false;
  const burst = burstOf(limit);
  const burstMost = burstOf(most);
  if (limit.kind !== 'rate' || burstMost === null) return true;
  return burst !== null && burst <= burstMost;
}

describe('layers, over random histories', () => {
  it('restore exactly what lies under them, in whatever order they are lifted', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), payers, (history, isCutLiftedFirst, level) => {
        const stream = after(history, level);
        const under = new TestStream(stream.stream);
        for (const { type, value } of stream.events) {
          const layered = [
            'HaircutApplied',
            'HaircutLifted',
            'QuotaOverridden',
            'QuotaOverrideEnded',
          ];
          if (layered.includes(type)) continue;
          const { envelope, ...data } = value;
          const { quotaId } = envelope;
          const known = knownQuota(under, quotaId);
          const quotaVersion = quotaId === null ? null : (known?.version ?? 0n) + 1n;
          under.append([{ type, data, quotaId, quotaVersion } as never]);
        }
        const lift = [
          () => {
            stream.send(liftOf('daily'));
            stream.send(liftOf('monthly'));
          },
          // A proposal may expire meanwhile, which lies in no layer.
          () => stream.advanceTo(stream.now + DAY),
        ];
        for (const end of isCutLiftedFirst ? lift : lift.reverse()) end();
        expect(inForce(stateOf(stream))).toEqual(inForce(stateOf(under)));
      }),
      { numRuns: HISTORIES },
    );
  });

  it('never let a haircut loosen, nor anything stand above an ancestor without its haircuts', () => {
    fc.assert(
      fc.property(steps, payers, (history, level) => {
        const state = stateOf(after(history, level));
        for (const quotaId of state.quotas.keys()) {
          for (const { resource, limit } of effectiveLimits(state, quotaId)) {
            for (const id of [quotaId, ...ancestorsOf(quotaId)]) {
              const uncut = uncutLimit(state, id, resource);
              expect(uncut === null || isWithin(limit, uncut)).toBe(true);
            }
            expect(limit.bound !== 'amount' || limit.amount > 0n).toBe(true);
            expect(guaranteeOf(limit) <= limit.amount || limit.bound === 'unlimited').toBe(true);
          }
        }
      }),
      { numRuns: HISTORIES },
    );
  });

  it('hold what is rightsized within the bounds of the quota, or else of the application', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const { quotas, registration } = stateOf(after(history));
        for (const { content, rightsized } of quotas.values()) {
          for (const [resource, { limit }] of rightsized) {
            const bounds = boundsInForce(registration, content, resource);
            expect(bounds).not.toBeNull();
            expect(isWithinBounds(bounds, limit)).toBe(true);
          }
        }
      }),
      { numRuns: HISTORIES },
    );
  });

  it('show as the last layer not outweighed what is in force', () => {
    fc.assert(
      fc.property(steps, payers, (history, level) => {
        const state = stateOf(after(history, level));
        for (const quotaId of state.quotas.keys()) {
          for (const { limit, layers, boundBy } of effectiveLimits(state, quotaId)) {
            expect(layers.at(-1)?.limit).toEqual(limit);
            expect(layers.at(-1)?.ancestor ?? quotaId).toBe(boundBy);
          }
        }
      }),
      { numRuns: HISTORIES },
    );
  });
});

describe('the tree, over random histories', () => {
  it('holds together after every command, by a check of the whole of it', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const stream = startHistory();
        for (const step of history) {
          take(stream, step);
          expect(brokenRules(stateOf(stream))).toEqual([]);
        }
      }),
      { numRuns: HISTORIES },
    );
  });
});

describe('state, over random histories', () => {
  it('is the fold of its events, from the start or from any snapshot', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (history, cut) => {
        const stream = after(history);
        const at = cut % stream.events.length;
        let state: StreamState | null = null;
        for (const [index, event] of stream.events.entries()) {
          state = evolve(state, event);
          if (index === at) state = stateFromText(stateToText(state));
        }
        expect(state).toEqual(stream.state);
        expect(stateToText(state!)).toBe(stateToText(stream.state!));
      }),
      { numRuns: HISTORIES },
    );
  });

  it('is never changed by a decision', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const stream = startHistory();
        for (const step of history) {
          const command = commandOf(stream, step);
          if (command !== null) {
            const frozen = deepFreeze(stateFromText(stateToText(stream.state!)));
            const message = stampCommand(stream.stream, command.body, command.sender);
            decide(frozen, deepFreeze(message), { now: stream.now, streamVersion: stream.version });
          }
          take(stream, step);
        }
      }),
      { numRuns: HISTORIES / 3 },
    );
  });
});

describe('rules, over random histories', () => {
  it('tell beforehand what holds after the end of an override', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const rules = (stream: TestStream) =>
          [...stateOf(stream).quotas.keys()].map((id) => ruleOf(stateOf(stream), id));
        for (const { quotaId, after: next } of rules(after(history))) {
          if (next === null) continue;
          const stream = after(history);
          stream.advanceTo(next.at);
          expect(ruleOf(stateOf(stream), quotaId).limits).toEqual(next.limits);
        }
      }),
      { numRuns: HISTORIES },
    );
  });

  it('change only for quotas that the event is said to affect', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const stream = after(history);
        let state: StreamState | null = null;
        let before = new Map<string, string>();
        for (const event of stream.events) {
          const former = (state as ApplicationState | null)?.registration ?? null;
          state = evolve(state, event);
          const now = rulesAsText(state as ApplicationState);
          const ids = new Set([...before.keys(), ...now.keys()]);
          const changed = [...ids].filter((id) => before.get(id) !== now.get(id));
          const affected = new Set(affectedQuotas(state as ApplicationState, event, former));
          expect(changed.filter((id) => !affected.has(id))).toEqual([]);
          before = now;
        }
      }),
      { numRuns: HISTORIES / 3 },
    );
  });

  function rulesAsText(state: ApplicationState): Map<string, string> {
    const asText = (_key: string, value: unknown): unknown =>
      typeof value === 'bigint' ? `${value.toString()}n` : value;
    return new Map(
      [...state.quotas.keys()].map((id) => [id, JSON.stringify(ruleOf(state, id), asText)]),
    );
  }
});

describe('limits', () => {
  const amount = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n });
  const rate = fc.record<ResourceLimit>({
    resource: fc.constant('tokens'),
    kind: fc.constant('rate'),
    bound: fc.constantFrom('amount', 'unlimited', 'blocked'),
    amount,
    perMicros: fc.bigInt({ min: 1n, max: 86_400_000_000n }),
    burst: fc.option(amount),
    guaranteed: fc.constant(null),
    window: fc.constant(null),
    zone: fc.constant(null),
  });
  const capacity = fc.tuple(amount, amount).map<ResourceLimit>(([a, b]) => ({
    resource: 'cores',
    kind: 'capacity',
    bound: 'amount',
    amount: a > b ? a : b,
    perMicros: null,
    burst: null,
    guaranteed: a > b ? b : a,
    window: null,
    zone: null,
  }));
  const points = fc.integer({ min: 0, max: 10_000 });

  it('get tighter with a deeper cut and a lower floor, never looser than uncut, never nothing', () => {
    fc.assert(
      fc.property(fc.oneof(rate, capacity), points, points, points, (limit, a, b, floor) => {
        const [mild, deep] = [Math.min(a, b), Math.max(a, b)];
        const cut = cutLimit(limit, mild, floor);
        expect(isWithin(cut, limit)).toBe(true);
        expect(isWithin(cutLimit(limit, deep, floor), cut)).toBe(true);
        expect(cut.bound).toBe(limit.bound);
        if (limit.bound !== 'amount') return;
        expect(cut.amount >= 1n && cut.amount >= guaranteeOf(limit)).toBe(true);
        expect(cut.amount >= (limit.amount * BigInt(floor)) / 10_000n).toBe(true);
        expect(cut.burst === null || cut.burst >= 1n).toBe(true);
      }),
    );
  });

  it('under several cuts are within what each of them leaves, however many there are', () => {
    const cut = fc.record({ cutBasisPoints: points, floorBasisPoints: points });
    const limit = fc.oneof(rate, capacity);
    fc.assert(
      fc.property(limit, fc.array(cut, { minLength: 1, maxLength: 4 }), (uncut, cuts) => {
        const haircuts = cuts.map((each, index) => ({ ...each, budgetId: `b${index}` }));
        let former = uncut;
        for (const [index, { cutBasisPoints, floorBasisPoints }] of haircuts.entries()) {
          const layers = new Map(haircuts.slice(0, index + 1).map((each) => [each.budgetId, each]));
          const quota = { haircuts: layers } as unknown as QuotaState;
          const held = deepestCut(quota, uncut)?.limit ?? uncut;
          expect(isWithin(held, former)).toBe(true);
          expect(isWithin(held, cutLimit(uncut, cutBasisPoints, floorBasisPoints))).toBe(true);
          former = held;
        }
      }),
    );
  });

  it('have a minimum that is within both, the same either way round', () => {
    const pair = fc.oneof(fc.tuple(rate, rate), fc.tuple(capacity, capacity));
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const min = minLimit(a, b);
        expect(isWithin(min, a) && isWithin(min, b)).toBe(true);
        expect(guaranteeOf(min) <= guaranteeOf(a) && guaranteeOf(min) <= guaranteeOf(b)).toBe(true);
        const other = minLimit(b, a);
        expect(compareBounds(min, other)).toBe(0);
        expect(burstOf(min)).toBe(burstOf(other));
      }),
    );
  });
});

/** Frozen to the bottom; a map or set throws when it is to be changed. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof Map || value instanceof Set) {
    for (const [key, item] of value.entries()) {
      deepFreeze(key);
      deepFreeze(item);
    }
    const refuse = (): never => {
      throw new TypeError('A decision changed its state.');
    };
    Object.assign(value, { set: refuse, add: refuse, delete: refuse, clear: refuse });
  }
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}

describe('timers, over random histories', () => {
  it('are known without a walk by asking for those that each event touches', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const known = new Map<string, bigint>();
        let state: StreamState | null = null;
        for (const event of after(history).events) {
          state = evolve(state, event);
          for (const timer of touchedTimers(state, event)) {
            const due = dueTimeOf(state, timer);
            if (due === null) known.delete(timer);
            else known.set(timer, due.at);
          }
          const all = dueTimes(state).map(({ timer, at }) => [timer, at] as const);
          expect([...known].sort()).toEqual([...all].sort());
        }
      }),
      { numRuns: HISTORIES / 3 },
    );
  });
});
