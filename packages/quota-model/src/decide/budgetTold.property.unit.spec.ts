import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OrganizationState } from '../model.ts';
import { crossing, cutTerms, rehearsal } from '../testing/cutSamples.ts';
import { budget } from '../testing/organizationSamples.ts';
import { DAY, HOUR, START, rightsizer } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';
import { TestStream } from '../testing/stream.ts';

const robot = { actor: rightsizer, roles: ['robot'] };
/** Enough for each cause to come again in each window, late and twice. */
const HISTORIES = 200;

const windowOf = (day: number) => {
  const windowStart = START + BigInt(day) * DAY;
  return { windowStart, windowEnd: windowStart + DAY };
};
const day = fc.integer({ min: 0, max: 2 });
const points = fc.constantFrom(5_000, 8_000, 10_000);
const basis = fc.constantFrom('actual', 'forecast');

/** What a loop that runs late, twice and out of order says, and what people change meanwhile. */
const said: fc.Arbitrary<CommandBody> = fc.oneof(
  fc
    .record({ at: day, basis, basisPoints: points, direction: fc.constantFrom('up', 'down') })
    .map(({ at, ...more }): CommandBody => ({
      type: 'RecordThreshold',
      data: { ...crossing, ...windowOf(at), ...more },
    })),
  fc
    .record({ at: day, step: fc.integer({ min: -1, max: 2 }) })
    .map(({ at, step }): CommandBody => ({
      type: 'RehearseCut',
      data: { ...rehearsal, ...windowOf(at), step },
    })),
  day.map((at): CommandBody => ({ type: 'BeginCut', data: { ...cutTerms, ...windowOf(at) } })),
  fc
    .record({
      mode: fc.constantFrom('dry_run', 'enforce'),
      thresholds: fc.uniqueArray(fc.record({ basis, basisPoints: points }), {
        selector: (each) => `${each.basis} ${each.basisPoints}`,
      }),
    })
    .map((more): CommandBody => ({ type: 'DefineBudget', data: { ...budget, ...more } })),
  fc.integer({ min: 1, max: 30 }).map((hours): CommandBody => ({
    type: 'OverrideBudget',
    data: { budgetId: 'monthly', until: START + BigInt(hours) * HOUR },
  })),
  fc.constant<CommandBody>({ type: 'LiftBudgetOverride', data: { budgetId: 'monthly' } }),
);

const histories = fc.array(fc.tuple(said, fc.integer({ min: 0, max: 12 })), { maxLength: 60 });

/** Calls `each` with the state before every event. */
function told(
  history: readonly (readonly [CommandBody, number])[],
  each: (type: string, before: OrganizationState, at: bigint) => void,
): TestStream {
  const stream = new TestStream('organization:acme');
  stream.send({ type: 'DefineBudget', data: { ...budget, mode: null, thresholds: null } });
  for (const [body, hours] of history) {
    stream.advanceTo(stream.now + BigInt(hours) * HOUR);
    const before = structuredClone(stream.state) as OrganizationState;
    const isLoops = ['RecordThreshold', 'RehearseCut', 'BeginCut'].includes(body.type);
    const decision = stream.send(body, isLoops ? robot : {});
    if (decision.kind === 'accepted') {
      for (const { type } of decision.events) each(type, before, stream.now);
    }
  }
  return stream;
}

describe('what a budget tells, over random histories', () => {
  it('is each threshold once a window and direction, down after up, and never of an older window', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { events } = told(history, () => undefined);
        const crossed = events.flatMap((event) =>
          event.type === 'BudgetThresholdCrossed' ? [event.value] : [],
        );
        const keys = crossed.map((each) =>
          [each.windowStart, each.basis, each.basisPoints, each.direction].join(' '),
        );
        expect(new Set(keys).size).toBe(keys.length);
        for (const [index, key] of keys.entries()) {
          if (!key.endsWith('down')) continue;
          expect(keys.slice(0, index)).toContain(key.replace('down', 'up'));
        }
        const starts = crossed.map(({ windowStart }) => Number(windowStart - START));
        expect(starts).toEqual(starts.toSorted((a, b) => a - b));
      }),
      { numRuns: HISTORIES },
    );
  });

  it('is no cut in dry_run nor under an override, and no rehearsal of a budget that cuts', () => {
    fc.assert(
      fc.property(histories, (history) => {
        told(history, (type, before, at) => {
          const known = before.budgets.get('monthly');
          if (type !== 'CutIntended' && type !== 'CutRehearsed') return;
          expect(known?.mode).toBe(type === 'CutIntended' ? 'enforce' : 'dry_run');
          expect((known?.override?.until ?? 0n) <= at).toBe(true);
        });
      }),
      { numRuns: HISTORIES },
    );
  });

  it('is each rehearsed step once, until another one is', () => {
    fc.assert(
      fc.property(histories, (history) => {
        told(history, () => undefined)
          .events.filter(({ type }) => ['CutRehearsed', 'BudgetDefined'].includes(type))
          .map(({ type, value }) =>
            type === 'CutRehearsed' && 'step' in value
              ? `${value.windowStart} ${value.step}`
              : type,
          )
          .reduce((former, next) => {
            if (next !== 'BudgetDefined') expect(next).not.toBe(former);
            return next;
          }, '');
      }),
      { numRuns: HISTORIES },
    );
  });
});
