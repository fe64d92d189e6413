import { expect, it } from 'vitest';
import { after, declarationIn, nothing } from '../testing/appliedFile.ts';
import { placeText } from '../file/place.ts';
import { computePlan } from './computePlan.ts';
import type { LiveState } from './computePlan.ts';
import { decideHere } from './decideHere.ts';

const application = (quotas: string): string => `
applications:
  moka:
    registration:
      displayName: Moka
      levels: [environment]
      resources: [{ name: requests, kind: rate, unit: request }]
      defaultMode: enforce
      defaultOnStale: hold
      robotChanges: propose
      proposalLifetimeMicros: 86400000000
      changePolicy: { raiseApprovalAboveBasisPoints: 1000 }
      validators: [{ name: capacity, url: https://capacity.example/check, deadlineMillis: 100, retries: 0, onUnavailable: refuse }]
    quotas:
${quotas}`;
const quotas = (ads: number): string => `
      prod:
        owner: g
        tier: 1
        limits: [{ resource: requests, rate: { amount: 100 } }]
        quotas:
          ads:
            limits: [{ resource: requests, rate: { amount: ${ads} } }]
`;

function checksOf(text: string, live: LiveState = nothing) {
  const { commands } = computePlan(declarationIn(text), live);
  return decideHere('application:moka', commands, live, []);
}

it('knows what would be in force in an application that is not there yet', () => {
  const checks = checksOf(application(quotas(40)));
  expect(checks?.map(({ verdict }) => verdict)).toEqual(['passes', 'passes']);
  expect(checks?.[1]?.inForce).toEqual([
    {
      quotaId: 'moka/prod',
      resource: 'requests',
      before: null,
      after: { resource: 'requests', rate: { amount: 100, per: '1s' } },
    },
    {
      quotaId: 'moka/prod/ads',
      resource: 'requests',
      before: null,
      after: { resource: 'requests', rate: { amount: 40, per: '1s' } },
    },
  ]);
});

it('tells every failed check where it is declared', () => {
  const checks = checksOf(application(quotas(140)));
  const failures = checks?.[1]?.failures ?? [];
  expect(failures.map(({ code, action }) => `${code} ${action?.id ?? ''}`).sort()).toEqual([
    'CHILDREN_NEED_MORE moka/prod',
    'PARENT_LIMIT_EXCEEDED moka/prod/ads',
  ]);
  const [ads] = failures.filter(({ code }) => code === 'PARENT_LIMIT_EXCEEDED');
  expect(placeText(ads!.place!)).toMatch(/^q\.yaml:22:22$/);
  expect(ads?.remedy).toContain('Lower it');
});

it('says that a raise above the threshold waits, upon what there is', () => {
  const there = after(application(quotas(40)));
  expect(checksOf(application(quotas(90)), there)?.map(({ verdict }) => verdict)).toEqual([
    'waits',
  ]);
  expect(checksOf(application(quotas(41)), there)?.map(({ verdict }) => verdict)).toEqual([
    'passes',
  ]);
});

it('cannot tell where not all quotas were read', () => {
  const there = after(application(quotas(40)));
  const moka = { ...there.applications.get('moka')!, isWhole: false };
  const some: LiveState = { ...there, applications: new Map([['moka', moka]]) };
  expect(checksOf(application(quotas(41)), some)).toBeNull();
});
