import { changesRules, evolve } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import { noChange, registration, tokens } from '@prorata/quota-model/testing';
import type { CommandBody } from '@prorata/quota-model/testing';
import type { EventMessage } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnSteps } from '../../../packages/quota-model/src/testing/drawnSteps.ts';
import { startHistory, take } from '../../../packages/quota-model/src/testing/histories.ts';
import { RuleFold } from './ruleFold.ts';

/** Each event makes its rules. */
const HISTORIES = 60;

/** What a registration may preset otherwise, or declare beside. */
const registrations = fc.record({
  defaultMode: fc.constantFrom('shadow', 'enforce' as const),
  defaultOnStale: fc.constantFrom('hold', 'open' as const),
  hasMore: fc.boolean(),
  at: fc.nat(20),
});
const more = { name: 'more', kind: 'rate', unit: 'thing', total: null, totalSource: null } as const;

/** Offsets of the newest event that changed rules, after each event: by the model alone. */
function desiredAfterEach(events: readonly EventMessage[]): readonly bigint[] {
  let state: ApplicationState | null = null;
  let desired = -1n;
  return events.map((event, offset) => {
    const former: ApplicationState['registration'] | null = state?.registration ?? null;
    const next = evolve(state, event);
    if (next.kind !== 'application') throw new TypeError('no application');
    state = next;
    if (changesRules(state, event, former)) desired = BigInt(offset);
    return desired;
  });
}

/** As the relay says it beside the rules that it makes. */
function deliveredAfterEach(events: readonly EventMessage[]): readonly (bigint | undefined)[] {
  const fold = new RuleFold();
  return events.map((event, offset) => {
    fold.apply(event, BigInt(offset));
    return fold.complete[0]?.eventOffset;
  });
}

const ROLLED = 'moka/p/b';

/** To one host, to all, and then for good. */
function rolloutOf(amount: bigint): CommandBody {
  const none = {
    create: null,
    move: null,
    delete: null,
    restore: null,
    resize: null,
  };
  const change = { ...noChange, quotaId: ROLLED, setLimits: [tokens(amount)] };
  const stage = (percent: number) => ({
    selector: { percent, zones: [], hosts: ['h1'] },
    bakeMicros: 600_000_000n,
  });
  const steps = [{ ...none, change, expectedVersion: null }];
  return {
    type: 'StartRollout',
    data: { steps, stages: [stage(0), stage(50), stage(100)], gate: null },
  };
}

describe('what hosts should have applied', () => {
  it('is what the relay says that it wrote last, after every event of random histories', () => {
    fc.assert(
      fc.property(drawnSteps(25), fc.array(registrations, { maxLength: 4 }), (history, others) => {
        const stream = startHistory();
        for (const [index, step] of history.entries()) {
          take(stream, step);
          for (const { at, hasMore, ...presets } of others) {
            if (at !== index) continue;
            const resources = hasMore ? [...registration.resources, more] : registration.resources;
            const data = { ...registration, ...presets, resources };
            stream.send({ type: 'RegisterApplication', data });
          }
        }
        expect(deliveredAfterEach(stream.events)).toEqual(desiredAfterEach(stream.events));
      }),
      { numRuns: HISTORIES },
    );
  });

  it('is so through every step of rollouts, promoted, rolled back and overtaken by an edit', () => {
    const stream = startHistory();
    const by = { roles: ['admin'] };
    const send = (body: CommandBody): string => {
      const decision = stream.send(body, by);
      if (decision.kind === 'refused') throw new Error(JSON.stringify(decision.violations, longs));
      return decision.result ?? '';
    };
    const first = send(rolloutOf(5n));
    send({ type: 'AdvanceRollout', data: { rolloutId: first, stage: 0, evidence: null } });
    send({ type: 'PauseRollout', data: { rolloutId: first } });
    send({ type: 'ResumeRollout', data: { rolloutId: first } });
    send({ type: 'PromoteRollout', data: { rolloutId: first, evidence: null } });
    const second = send(rolloutOf(4n));
    send({ type: 'RollBackRollout', data: { rolloutId: second, evidence: null } });
    const third = send(rolloutOf(3n));
    send({ type: 'ChangeQuota', data: { ...noChange, quotaId: ROLLED, tier: 3 } });
    stream.send({ type: 'RollBackRollout', data: { rolloutId: third, evidence: null } }, by);
    const types = stream.events.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['RolloutPaused', 'RolloutRolledBack']));
    expect(deliveredAfterEach(stream.events)).toEqual(desiredAfterEach(stream.events));
  });
});

const longs = (_name: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;
