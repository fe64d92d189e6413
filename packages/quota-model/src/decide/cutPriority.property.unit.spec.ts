import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveLimits } from '../effective.ts';
import { guaranteeOf } from '../limits.ts';
import type { ApplicationState } from '../model.ts';
import { CUT_PRIORITY_MAX } from '../modelBounds.ts';
import {
  applyHaircut,
  content,
  cores,
  cutData,
  noChange,
  registered,
  tokens,
  wholeCut,
} from '../testing/samples.ts';
import { TestStream } from '../testing/stream.ts';

/** Histories of each property: a few quotas are enough for every order of tiers and priorities. */
const HISTORIES = 60;

const points = fc.integer({ min: 0, max: 10_000 });
const five = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 5, maxLength: 5 });
const priority = fc.integer({ min: -2, max: 2 });

interface Quota {
  readonly tier: number;
  readonly cutPriority: number;
  readonly max: bigint;
  readonly guaranteed: bigint;
}

/** The application has 1,000 cores, which the guarantees of six quotas sum within. */
const quotas = fc.array(
  fc
    .record({
      tier: fc.integer({ min: 0, max: 4 }),
      cutPriority: priority,
      max: fc.bigInt({ min: 1n, max: 1_000n }),
      guaranteed: fc.bigInt({ min: 0n, max: 160n }),
    })
    .map((quota) => ({
      ...quota,
      guaranteed: quota.guaranteed < quota.max ? quota.guaranteed : quota.max,
    })),
  { minLength: 1, maxLength: 6 },
);

/** A cut, or an edit of one quota meanwhile. */
const steps = fc.array(
  fc.oneof(
    fc.record({
      cuts: five(points),
      floors: five(points),
      least: fc.oneof(fc.constant([]), five(priority)),
    }),
    fc.record({ edited: fc.nat({ max: 5 }), tokens: fc.bigInt({ min: 1n, max: 500n }) }),
  ),
  { minLength: 1, maxLength: 6 },
);

type Step = typeof steps extends fc.Arbitrary<(infer S)[]> ? S : never;

const idOf = (index: number): string => `moka/q${index}`;
const stateOf = (stream: TestStream): ApplicationState => stream.state as ApplicationState;

function treeOf(drawn: readonly Quota[]): TestStream {
  const stream = new TestStream('application:moka');
  stream.append([{ ...registered, quotaId: null, quotaVersion: null }]);
  for (const [index, { max, guaranteed, ...terms }] of drawn.entries()) {
    const limits = [tokens(max), cores(guaranteed, max)];
    const data = {
      quotaId: idOf(index),
      content: content(limits, { project: 'acme/assistant', ...terms }),
    };
    expect(stream.send({ type: 'CreateQuota', data }).kind).toBe('accepted');
  }
  return stream;
}

function take(stream: TestStream, step: Step): void {
  if ('cuts' in step) {
    const cut = applyHaircut(step.cuts, step.floors, { priorityMin: step.least });
    expect(stream.send(cut).kind).toBe('accepted');
  } else if (stateOf(stream).quotas.has(idOf(step.edited))) {
    const setLimits = [tokens(step.tokens)];
    const data = { ...noChange, quotaId: idOf(step.edited), setLimits };
    expect(stream.send({ type: 'ChangeQuota', data }).kind).toBe('accepted');
  }
}

const inForce = (stream: TestStream) =>
  [...stateOf(stream).quotas.keys()].map((id) => [
    id,
    effectiveLimits(stateOf(stream), id).map(({ limit }) => limit),
  ]);

const cutsOf = (stream: TestStream) =>
  new Map([...stateOf(stream).quotas.values()].map(({ quotaId, haircuts }) => [quotaId, haircuts]));

describe('cuts by priority, over random quotas and edits', () => {
  it('leave the floor of each cut that lies, the guarantee and one unit', () => {
    fc.assert(
      fc.property(quotas, steps, (drawn, taken) => {
        const stream = treeOf(drawn);
        for (const step of taken) take(stream, step);
        const state = stateOf(stream);
        for (const { quotaId, content: declared, haircuts } of state.quotas.values()) {
          const floor = haircuts.get('monthly')?.floorBasisPoints ?? 10_000;
          for (const { resource, limit } of effectiveLimits(state, quotaId)) {
            const base = declared.limits.find((each) => each.resource === resource);
            if (base === undefined) throw new TypeError(`${quotaId} has no ${resource}.`);
            expect(limit.amount).toBeGreaterThanOrEqual(1n);
            expect(limit.amount).toBeGreaterThanOrEqual(guaranteeOf(base));
            expect(limit.amount * 10_000n).toBeGreaterThanOrEqual(base.amount * BigInt(floor));
          }
        }
      }),
      { numRuns: HISTORIES },
    );
  });

  it('are lifted to the base with the edits made meanwhile', () => {
    fc.assert(
      fc.property(quotas, steps, (drawn, taken) => {
        const stream = treeOf(drawn);
        const uncut = treeOf(drawn);
        for (const step of taken) {
          take(stream, step);
          if ('edited' in step) take(uncut, step);
        }
        const { project, budgetId, spend, budget } = cutData;
        const data = { ...wholeCut, project, budgetId, spend, budget, cause: 'person' } as const;
        expect(stream.send({ type: 'LiftHaircut', data }).kind).toBe('accepted');
        expect(inForce(stream)).toEqual(inForce(uncut));
      }),
      { numRuns: HISTORIES },
    );
  });

  it('leave what is below the least priority of its tier as it was, and no other', () => {
    fc.assert(
      fc.property(quotas, steps, five(points), five(priority), (drawn, taken, cuts, least) => {
        const stream = treeOf(drawn);
        for (const step of taken) take(stream, step);
        const before = cutsOf(stream);
        take(stream, { cuts, floors: cuts, least });
        for (const { quotaId, content: declared, haircuts } of stateOf(stream).quotas.values()) {
          const { tier, cutPriority } = declared;
          if (cutPriority < (least[tier] ?? 0)) expect(haircuts).toBe(before.get(quotaId));
          else expect(haircuts.get('monthly')?.cutBasisPoints ?? 0).toBe(cuts[tier]);
        }
      }),
      { numRuns: HISTORIES },
    );
  });

  it('take nobody of a tier whose least is above every priority', () => {
    const stream = treeOf([{ tier: 2, cutPriority: CUT_PRIORITY_MAX, max: 100n, guaranteed: 0n }]);
    const least = Array<number>(5).fill(CUT_PRIORITY_MAX + 1);
    take(stream, { cuts: Array<number>(5).fill(5_000), floors: [0, 0, 0, 0, 0], least });
    expect(cutsOf(stream).get(idOf(0))?.size).toBe(0);
  });
});
