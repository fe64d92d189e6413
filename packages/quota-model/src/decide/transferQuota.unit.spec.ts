import { describe, expect, it } from 'vitest';
import type { ApplicationState } from '../model.ts';
import { evolve } from '../evolve.ts';
import { given, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  content,
  created,
  cutData,
  haircutApplied,
  registered,
  tokens,
} from '../testing/samples.ts';
import { ben, stampEvent } from '../testing/stamp.ts';
import type { CommandBody, CommandData } from '../testing/stamp.ts';
import { projectOf } from '../payers.ts';

const QUOTA = 'moka/prod/ads';
const terms = { owner: 'team-ads', project: 'acme/assistant' } as const;
const tree = [
  registered,
  created('moka/prod', [tokens(100n)], { owner: 'platform' }),
  created(QUOTA, [tokens(40n)], terms),
  created(`${QUOTA}/etl`, [tokens(10n)], { owner: 'team-etl' }),
] as const;
const transfer = (more: Partial<CommandData<'TransferQuota'>>): CommandBody => ({
  type: 'TransferQuota',
  data: { quotaId: QUOTA, owner: null, project: null, ...more },
});
const transferred = (owner: string, project: string | null) =>
  ({
    type: 'QuotaTransferred',
    data: { owner, project, formerOwner: 'team-ads', formerProject: 'acme/assistant' },
    quotaId: QUOTA,
  }) as const satisfies Fact;
const memberOf = (group: string) => ({ actor: ben, roles: ['member'], groups: [group] });
const lifted = (quotaId: string): Fact => ({
  type: 'HaircutLifted',
  data: { budgetId: 'monthly', cause: 'person', spend: cutData.spend, budget: cutData.budget },
  quotaId,
});

describe('TransferQuota to another owner', () => {
  it('is for the owner, or an owner above', () => {
    for (const group of ['team-ads', 'platform']) {
      given(...tree)
        .when(transfer({ owner: 'team-new' }), memberOf(group))
        .then(transferred('team-new', 'acme/assistant'));
    }
    given(...tree)
      .when(transfer({ owner: 'team-etl' }), memberOf('team-etl'))
      .thenRefused('NOT_OWNER');
  });

  it('leaves everything else as it is, cuts included', () => {
    const past = [...tree, haircutApplied(QUOTA, 1_000)] as const;
    given(...past)
      .when(transfer({ owner: 'team-new' }))
      .then(transferred('team-new', 'acme/assistant'));
    given(...past)
      .when(transfer({ owner: 'team-ads' }))
      .thenNothing();
  });

  it('names somebody', () => {
    given(...tree)
      .when(transfer({}))
      .thenRefused('QUOTA_INVALID');
    given(...tree)
      .when(transfer({ owner: '' }))
      .thenRefused('QUOTA_INVALID');
    given(...tree)
      .when(transfer({ owner: 'x'.repeat(257) }))
      .thenRefused('TOO_LARGE');
  });
});

describe('TransferQuota to another payer', () => {
  const toSearch = transfer({ project: 'acme/search' });

  it('is for operators alone', () => {
    given(...tree)
      .when(toSearch, memberOf('platform'))
      .thenRefused('NOT_ALLOWED', 'operator of moka/prod');
    const at = (scope: string) => ({
      actor: ben,
      roles: [],
      grants: [{ role: 'operator', scope }],
    });
    given(...tree)
      .when(toSearch, at(QUOTA))
      .thenRefused('NOT_ALLOWED');
    given(...tree)
      .when(toSearch, at('moka/prod'))
      .then(transferred('team-ads', 'acme/search'));
  });

  it('lifts the cuts of the former payer in the whole subtree, in the same decision', () => {
    given(
      ...tree,
      haircutApplied(QUOTA, 1_000),
      haircutApplied(`${QUOTA}/etl`, 1_000),
      haircutApplied('moka/prod', 1_000),
    )
      .when(toSearch)
      .then(transferred('team-ads', 'acme/search'), lifted(QUOTA), lifted(`${QUOTA}/etl`));
  });

  it('leaves one payer in a subtree', () => {
    given(...tree)
      .when({
        type: 'TransferQuota',
        data: { quotaId: `${QUOTA}/etl`, owner: null, project: 'acme/search' },
      })
      .thenRefused('PAYER_CONFLICT', 'acme/assistant');
    given(
      registered,
      created('moka/prod', [], {}),
      created('moka/prod/a', [], { project: 'acme/assistant' }),
    )
      .when({
        type: 'TransferQuota',
        data: { quotaId: 'moka/prod', owner: null, project: 'acme/search' },
      })
      .thenRefused('PAYER_CONFLICT', 'moka/prod/a');
    given(...tree)
      .when(transfer({ project: 'acme' }))
      .thenRefused('PROJECT_INVALID');
  });

  it('counts with what the new payer is entitled to', () => {
    const entitled = (amount: bigint): Fact => ({
      type: 'EntitlementSet',
      data: { project: 'acme/search', resource: 'tokens', bound: 'amount', amount, source: null },
    });
    given(...tree, entitled(39n))
      .when(toSearch)
      .thenRefused('ENTITLEMENT_EXCEEDED', 'acme/search', '40', '39');
    given(...tree, entitled(40n))
      .when(toSearch)
      .then(transferred('team-ads', 'acme/search'));
  });

  it('holds for all below', () => {
    const state = stateAfter('application:moka', ...tree) as ApplicationState;
    const event = { ...transferred('team-ads', 'acme/search'), quotaVersion: 2n };
    evolve(state, stampEvent(event, { stream: 'application:moka', streamVersion: 5n }));
    expect(projectOf(state, `${QUOTA}/etl`)).toBe('acme/search');
    const expected = content([tokens(40n)], { ...terms, project: 'acme/search' });
    expect(state.quotas.get(QUOTA)?.content).toEqual(expected);
  });
});
