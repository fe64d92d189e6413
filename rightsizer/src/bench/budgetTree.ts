import { TestStream } from '@prorata/quota-model/testing';
import type { CommandBody } from '@prorata/quota-model/testing';
import { content, plainBook, registration, tokens } from '@prorata/quota-model/testing';
import { LogView } from '../view/logView.ts';

/** Budgets of one organization: a team has ten projects, each with a budget of its own. */
const PROJECTS_A_TEAM = 10;
const BUDGETS_AN_ORGANIZATION = 1_000;

export interface BenchTree {
  readonly view: LogView;
  readonly projects: readonly string[];
  readonly budgets: number;
}

export const projectsOf = (budgets: number): string[] =>
  organizationsOf(budgets).flatMap(({ organization, projects }) =>
    Array.from({ length: projects }, (_, index) => `${organization}/project-${index}`),
  );

/** So many budgets in all: of each organization, its teams and its projects. */
function organizationsOf(
  budgets: number,
): { readonly organization: string; readonly projects: number }[] {
  const count = Math.ceil(budgets / BUDGETS_AN_ORGANIZATION);
  return Array.from({ length: count }, (_, index) => {
    const own = Math.min(BUDGETS_AN_ORGANIZATION, budgets - index * BUDGETS_AN_ORGANIZATION);
    const projects = Math.floor(((own - 1) * PROJECTS_A_TEAM) / (PROJECTS_A_TEAM + 1));
    return { organization: `org-${String(index).padStart(3, '0')}`, projects };
  });
}

/** Organizations, teams, projects, quotas and budgets, decided by the real model. */
export function benchTree(budgets: number): BenchTree {
  const view = new LogView();
  const streams = new Map<string, TestStream>();
  const say = (name: string, type: string, data: object): void => {
    const stream = streams.get(name) ?? new TestStream(name);
    streams.set(name, stream);
    const before = stream.events.length;
    const decision = stream.send({ type, data } as CommandBody, { roles: ['admin'] });
    if (decision.kind === 'refused') throw new Error(JSON.stringify(decision.violations));
    for (const event of stream.events.slice(before)) view.fold(event);
  };
  const price = { application: 'moka', resource: 'tokens', amount: '0.01', perUnits: 1_000n };
  const more = { effectiveFrom: 0n, unit: '', basis: 'used', steps: [] };
  say('application:moka', 'RegisterApplication', { ...registration });
  say('pricebook:list', 'DefinePriceBook', {
    ...plainBook,
    currency: 'USD',
    prices: [{ ...price, ...more }],
  });
  say('tierpolicy:standard', 'PublishTierPolicy', {
    steps: [
      { overrunBasisPoints: 0, cutBasisPoints: [0, 0, 1_000, 2_000, 5_000] },
      { overrunBasisPoints: 1_000, cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000] },
    ],
    floorBasisPoints: [0, 0, 0, 0, 0],
  });
  let defined = 0;
  for (const { organization, projects } of organizationsOf(budgets)) {
    defined += organizationOf(say, organization, projects);
  }
  return { view, projects: projectsOf(budgets), budgets: defined };
}

type Say = (name: string, type: string, data: object) => void;

/** @returns how many budgets it has */
function organizationOf(say: Say, organization: string, projects: number): number {
  const stream = `organization:${organization}`;
  const named = { owner: 'leads', displayName: organization };
  let budgets = 0;
  const budget = (budgetId: string, holder: object, amount: string): void => {
    budgets += 1;
    const window = { kind: 'calendar_month', timeZone: 'Europe/Berlin', lengthMicros: null };
    say(stream, 'DefineBudget', {
      ...{ budgetId, project: '', team: null, ...holder, amount, currency: 'USD' },
      ...{ window: { ...window, anchor: null, count: 1 }, priceBook: 'list' },
      ...{ tierPolicy: 'standard', mode: 'enforce', thresholds: null, split: null },
    });
  };
  say(stream, 'RegisterOrganization', named);
  budget('all', {}, '1000000000');
  for (let index = 0; index < projects; index += 1) {
    const team = `team-${Math.floor(index / PROJECTS_A_TEAM)}`;
    if (index % PROJECTS_A_TEAM === 0) {
      say(stream, 'DefineTeam', { teamId: team, parent: null, ...named });
      budget(team, { team }, '1000000');
    }
    const project = `${organization}/project-${index}`;
    say(stream, 'DefineProject', { project, team, ...named });
    budget(`project-${index}`, { project }, String(2 + (index % 40)));
    const terms = content([tokens(1_000n)], { project, tier: 3, cutPriority: index % 3 });
    const quotaId = `moka/${organization}-project-${index}`;
    say('application:moka', 'CreateQuota', { quotaId, content: terms });
  }
  return budgets;
}
