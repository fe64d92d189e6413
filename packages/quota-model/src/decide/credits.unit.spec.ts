import { describe, expect, it } from 'vitest';
import { CREDITS_MAX } from '../modelBounds.ts';
import { givenIn, stateAfter } from '../testing/given.ts';
import {
  budgetDefined,
  organizationRegistered,
  projectDefined,
} from '../testing/organizationSamples.ts';
import { DAY, START } from '../testing/stamp.ts';
import type { CommandData } from '../testing/stamp.ts';
import { TestStream } from '../testing/stream.ts';

const credit: CommandData<'GrantCredit'> = {
  creditId: 'outage',
  project: 'acme/assistant',
  priceBook: 'list',
  amount: '25.50',
  currency: 'USD',
  at: START - DAY,
};
const grant = (more: Partial<typeof credit> = {}) =>
  ({ type: 'GrantCredit', data: { ...credit, ...more } }) as const;
const granted = (more: Partial<typeof credit> = {}) =>
  ({ type: 'CreditGranted', data: { ...credit, ...more } }) as const;
const withdraw = { type: 'WithdrawCredit', data: { creditId: 'outage' } } as const;
const withdrawn = (grantedVersion: bigint) =>
  ({ type: 'CreditWithdrawn', data: { ...credit, grantedVersion } }) as const;
const acme = [organizationRegistered, projectDefined('acme/assistant')];

describe('GrantCredit', () => {
  it('gives money to a project or to the organization', () => {
    const given = givenIn('organization:acme', ...acme);
    given.when(grant()).then(granted());
    const whole = { creditId: 'whole', project: null };
    given.when(grant(whole)).then(granted(whole));
  });

  it('pays once, however often it is sent', () => {
    const given = givenIn('organization:acme', ...acme, granted());
    given.when(grant()).thenNothing();
    given.when(grant({ amount: '25.5' })).thenNothing();
    given.when(grant({ amount: '26' })).thenRefused('CREDIT_EXISTS', '25.50 USD');
    given.when(grant({ at: START })).thenRefused('CREDIT_EXISTS');
  });

  it.each<[string, Partial<typeof credit>]>([
    ['of no name', { creditId: 'Outage' }],
    ['of nothing', { amount: '0' }],
    ['below nothing', { amount: '-1' }],
    ['that is no decimal', { amount: '1e3' }],
    ['without a price book', { priceBook: '' }],
    ['of long ago', { at: START - 367n * DAY }],
    ['that is far off', { at: START + 367n * DAY }],
  ])('refuses a credit %s', (_what, more) => {
    givenIn('organization:acme', ...acme)
      .when(grant(more))
      .thenRefused('CREDIT_INVALID');
  });

  it('is granted for a reason, by a registered organization, to a project that it has', () => {
    givenIn('organization:acme', ...acme)
      .when(grant(), { reason: ' ' })
      .thenRefused('CREDIT_INVALID', 'why');
    givenIn('organization:acme').when(grant()).thenRefused('ORGANIZATION_UNKNOWN');
    const given = givenIn('organization:acme', ...acme);
    given.when(grant({ project: 'acme/other' })).thenRefused('PROJECT_UNKNOWN');
    given.when(grant({ project: 'other/assistant' })).thenRefused('PROJECT_INVALID');
    given.when(grant({ currency: 'usd' })).thenRefused('CURRENCY_INVALID');
  });

  it('is in the currency of the price book, as budgets know it', () => {
    givenIn('organization:acme', ...acme, budgetDefined({}))
      .when(grant({ currency: 'EUR' }))
      .thenRefused('CURRENCY_MIXED', 'USD');
  });

  it('is an admin’s to send', () => {
    const given = givenIn('organization:acme', ...acme);
    for (const role of ['operator', 'member', 'robot']) {
      given.when(grant(), { roles: [role] }).thenRefused('NOT_ALLOWED');
    }
  });

  it('is bounded', () => {
    const stream = new TestStream('organization:acme');
    for (const fact of acme) stream.append([{ ...fact, quotaId: null, quotaVersion: null }]);
    const full = [...Array(CREDITS_MAX).keys()].map(
      (n) => ({ ...granted({ creditId: `c${n}` }), quotaId: null, quotaVersion: null }) as const,
    );
    stream.append(full);
    expect(stream.send(grant())).toMatchObject({ violations: [{ code: 'TOO_MANY' }] });
  });
});

describe('WithdrawCredit', () => {
  it('takes the whole credit back, and tells it again', () => {
    givenIn('organization:acme', ...acme, granted())
      .when(withdraw)
      .then(withdrawn(3n));
    const after = stateAfter('organization:acme', ...acme, granted(), withdrawn(3n));
    expect(after).toMatchObject({ credits: new Map() });
  });

  it('leaves the name free', () => {
    givenIn('organization:acme', ...acme, granted(), withdrawn(3n))
      .when(grant())
      .then(granted());
  });

  it('needs a credit, and a reason', () => {
    givenIn('organization:acme', ...acme)
      .when(withdraw)
      .thenRefused('CREDIT_UNKNOWN', 'outage');
    givenIn('organization:acme').when(withdraw).thenRefused('CREDIT_UNKNOWN');
    givenIn('organization:acme', ...acme, granted())
      .when(withdraw, { reason: '' })
      .thenRefused('CREDIT_INVALID', 'why');
  });
});
