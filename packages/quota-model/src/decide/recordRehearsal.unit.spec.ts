import { describe, expect, it } from 'vitest';
import type { ApplicationState } from '../model.ts';
import {
  REHEARSALS_MAX,
  REHEARSED_COUNT_MAX,
  REHEARSED_EXAMPLES_MAX,
  REHEARSED_EXAMPLE_REASONS_MAX,
  REHEARSED_REASONS_MAX,
} from '../modelBounds.ts';
import { given, stateAfter } from '../testing/given.ts';
import type { FactOf } from '../testing/given.ts';
import { created, evidence, registered, rehearsal, tokens } from '../testing/samples.ts';
import { rightsizer, START } from '../testing/stamp.ts';
import type { CommandData } from '../testing/stamp.ts';

const tree = [registered, created('moka/prod', [tokens(100n)])] as const;
const robot = { actor: rightsizer, roles: ['robot'] };
const rehearse = (more: Partial<CommandData<'RecordRehearsal'>> = {}) =>
  ({ type: 'RecordRehearsal', data: rehearsal(more) }) as const;
const rehearsed = (
  more: Partial<CommandData<'RecordRehearsal'>> = {},
): FactOf<'RightsizingRehearsed'> => ({ type: 'RightsizingRehearsed', data: rehearsal(more) });
const known = (...facts: readonly FactOf<'RightsizingRehearsed'>[]) =>
  (stateAfter('application:moka', ...tree, ...facts) as ApplicationState).rehearsals;

describe('RecordRehearsal', () => {
  it('says once what a policy would change, and again of its next version', () => {
    given(...tree)
      .when(rehearse(), robot)
      .then(rehearsed());
    given(...tree, rehearsed())
      .when(rehearse({ wouldRaise: 9, tableVersion: 8n }), robot)
      .thenNothing();
    given(...tree, rehearsed())
      .when(rehearse({ policyVersion: 2n }), robot)
      .then(rehearsed({ policyVersion: 2n }));
    expect(known(rehearsed(), rehearsed({ policyVersion: 2n }))).toEqual(
      new Map([['demo', { policyVersion: 2n, at: START }]]),
    );
  });

  it('of nothing opens no door', () => {
    const none = { wouldRaise: 0, wouldLower: 0, skipped: { NO_DATA: 0 }, examples: [] };
    given(...tree)
      .when(rehearse(none), robot)
      .thenRefused('REHEARSAL_INVALID', 'nothing');
    given(...tree)
      .when(rehearse({ ...none, skipped: { NO_DATA: 1 } }), robot)
      .then(rehearsed({ ...none, skipped: { NO_DATA: 1 } }));
  });

  it('names its policy, counts what it tells of, and speaks of this application', () => {
    const [example] = rehearsal().examples;
    if (example === undefined) throw new Error('The sample has an example.');
    const elsewhere = { ...example, quotaId: 'tidb/prod' };
    for (const wrong of [
      { policy: '' },
      { policyVersion: -1n },
      { wouldLower: -1 },
      { wouldLower: REHEARSED_COUNT_MAX + 1 },
      { wouldRaise: 0 },
      { examples: [elsewhere] },
      { examples: [{ ...example, to: -1n }] },
      { examples: [{ ...example, reasons: [''] }] },
    ]) {
      given(...tree)
        .when(rehearse(wrong), robot)
        .thenRefused('REHEARSAL_INVALID');
    }
  });

  it('is bounded in everything that a caller can send', () => {
    const [example] = rehearsal().examples;
    if (example === undefined) throw new Error('The sample has an example.');
    const codes = Array.from({ length: REHEARSED_REASONS_MAX + 1 }, (_, n) => `CODE_${n}`);
    const examples = Array.from({ length: REHEARSED_EXAMPLES_MAX + 1 }, () => example);
    for (const [long, code] of [
      [{ examples, wouldRaise: examples.length }, 'TOO_MANY'],
      [{ skipped: Object.fromEntries(codes.map((name) => [name, 1])) }, 'TOO_MANY'],
      [
        { examples: [{ ...example, reasons: codes.slice(0, REHEARSED_EXAMPLE_REASONS_MAX + 1) }] },
        'TOO_MANY',
      ],
      [{ policy: 'p'.repeat(10_000) }, 'TOO_LARGE'],
      [{ evidence: { ...evidence, source: 's'.repeat(10_000) } }, 'TOO_LARGE'],
    ] as const) {
      given(...tree)
        .when(rehearse(long), robot)
        .thenRefused(code);
    }
  });

  it('of one policy too many lets the oldest be rehearsed again', () => {
    const many = Array.from({ length: REHEARSALS_MAX + 1 }, (_, n) =>
      rehearsed({ policy: `p${String(n).padStart(2, '0')}` }),
    );
    const names = [...known(...many).keys()];
    expect(names).toHaveLength(REHEARSALS_MAX);
    expect(names).not.toContain('p00');
  });
});
