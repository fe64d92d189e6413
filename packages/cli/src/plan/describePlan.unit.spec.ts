import { describe, expect, it } from 'vitest';
import { declarationOf } from '../file/readDeclaration.ts';
import { documentsIn } from '../file/readDocuments.ts';
import { unchecked } from './check.ts';
import type { Check } from './check.ts';
import { computePlan } from './computePlan.ts';
import { agreedPlanLines, failureLines, planData, planLines } from './describePlan.ts';
import type { LiveApplication, LiveOrganization } from './liveState.ts';
import type { Plan } from './plan.ts';

const before = `
organizations:
  acme:
    displayName: Acme
    teams: { chat: { owner: g, displayName: Chat } }
    budgets:
      monthly: { team: chat, amount: 10, currency: EUR, window: { kind: calendar_month, timeZone: UTC }, priceBook: list, tierPolicy: standard }
applications:
  moka:
    quotas:
      ads:
        owner: group:ads
        project: acme/chat
        tier: 1
        labels: { team: ads, gone: soon }
        attributes: { region: north }
        match: [{ attribute: model, operator: equals, values: [large] }]
        limits: [{ resource: jobs, consumable: { amount: 10, window: PT1H } }]
`;
const after = before
  .replace('displayName: Acme', 'displayName: Acme Corp')
  .replace('timeZone: UTC', 'timeZone: Europe/Berlin')
  .replace('group:ads', 'group:adverts')
  .replace('project: acme/chat', 'project: acme/speech')
  .replace('tier: 1', 'tier: 2')
  .replace('team: ads, gone: soon', 'team: adverts')
  .replace('region: north', 'region: south')
  .replace('[large]', '[small]')
  .replace('window: PT1H', 'window: P1D')
  .concat('        action: mark\n        mode: shadow\n        cutPriority: 3\n');

/** What changes one file's state into that of another. */
function planBetween(old: string, now: string): Plan {
  const declarationIn = (text: string) => declarationOf(documentsIn('q.yaml', text).documents);
  const live = <T extends { readonly value: object }>(all: ReadonlyMap<string, T>) =>
    new Map([...all].map(([id, { value }]) => [id, { value, version: 3n }]));
  const { organizations, applications } = declarationIn(old);
  return computePlan(declarationIn(now), {
    ...{ priceBooks: new Map(), tierPolicies: new Map() },
    organizations: new Map(
      organizations.map(({ organization, registration, teams, projects, budgets }) => [
        organization,
        {
          registration: registration && { value: registration.value, version: 3n },
          ...{ teams: live(teams), projects: live(projects), budgets: live(budgets) },
        } as LiveOrganization,
      ]),
    ),
    applications: new Map(
      applications.map(({ application, quotas }) => [
        application,
        {
          ...{ registration: null, entitlements: new Map(), isWhole: true },
          quotas: live(quotas),
        } as LiveApplication,
      ]),
    ),
  });
}

describe('a plan for people', () => {
  it.each([
    'displayName  Acme → Acme Corp',
    'window.timeZone  UTC → Europe/Berlin',
    'owner  group:ads → group:adverts',
    'project  acme/chat → acme/speech',
    'tier  1 → 2',
    'labels.team  ads → adverts',
    'labels.gone  soon → -',
    'attributes.region  north → south',
    'limits.jobs  10 each PT1H → 10 each P1D',
    'action  refuse → mark',
    'mode  - → shadow',
    'cutPriority  0 → 3',
    'match  [{"attribute":"model","operator":"equals","values":["large"]}] → [{"attribute":"model","operator":"equals","values":["small"]}]',
  ])('tells of a field that is no limit in force: %s', (line) => {
    const lines = planLines(planBetween(before, after), []).map((each) => each.trim());
    expect(lines).toContain(line);
  });

  it('tells what is declared beside what is in force, where something hides it', () => {
    const plan = planBetween(before, after);
    const rate = (amount: number) => ({ resource: 'tokens', rate: { amount, per: '1s' } });
    const check: Check = {
      ...unchecked,
      ...{ command: plan.commands.at(-1)!, verdict: 'passes', by: 'gateway' },
      hidden: [
        {
          ...{ quotaId: 'moka/ads', resource: 'tokens', before: rate(10), after: rate(2_000) },
          hiddenBy: { kind: 'override', quotaId: 'moka/ads', until: '2026-01-02T00:00:00Z' },
        },
      ],
    };
    const text = planLines(plan, [check]).join('\n');
    expect(text).toContain('Declared, before and after, and not in force:');
    expect(text).toMatch(
      /moka\/ads +tokens +10\/s +2,000\/s +the override of moka\/ads, until 2026-01-02T00:00:00Z/,
    );
    expect(planData(plan, [check])).toMatchObject({ hidden: [{ hiddenBy: { kind: 'override' } }] });
  });

  it('is not told field by field once more to whoever has agreed beforehand', () => {
    const plan = planBetween(before, after);
    const lines = agreedPlanLines(plan, []).map((each) => each.trim());
    expect(lines.some((line) => line.startsWith('~ quota moka/ads'))).toBe(true);
    expect(lines).not.toContain('tier  1 → 2');
    expect(lines.at(-1)).toMatch(/^Plan: 0 to create, \d+ to change, 0 to delete\.$/);
    const obstacle = {
      declared: plan.commands[0]!.actions[0]!.declared!,
      ...{ id: 'moka/ads', path: [], message: 'no' },
    };
    const failing = { ...plan, obstacles: [obstacle] };
    expect(agreedPlanLines(failing, [])).toEqual(planLines(failing, []));
  });

  it('leaves no empty place before a failure of a command as a whole', () => {
    const whole = { code: 'FORBIDDEN', message: 'No.', remedy: null, action: null, place: null };
    expect(failureLines([whole])[1]).toBe('  FORBIDDEN: No.');
  });
});

it('tells a price with its unit, its steps and what it counts', () => {
  const book = `
priceBooks:
  list:
    currency: EUR
    prices:
      - { application: moka, resource: vcores, amount: '0.05', perUnits: 3600000, unit: vCPU-hour, effectiveFrom: 2026-01-01T00:00:00Z, basis: greater_of_reserved_and_used, steps: [{ fromUnits: 36000000000, amount: '0.04' }] }
`;
  expect(planLines(planBetween('', book), []).join('\n')).toContain(
    'prices.moka vcores 2026-01-01T00:00:00.000Z  0.05 for 3,600,000, a vCPU-hour, beyond 36,000,000,000 0.04, reserved counts as used',
  );
});
