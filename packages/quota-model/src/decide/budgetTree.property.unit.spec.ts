import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evolve } from '../evolve.ts';
import type { OrganizationState } from '../model.ts';
import { stateFromText, stateToText } from '../snapshot.ts';
import { budget } from '../testing/organizationSamples.ts';
import { stampEvent } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';
import { TestStream } from '../testing/stream.ts';
import { brokenBudgets } from '../testing/wholeOrganization.ts';

interface Step {
  readonly action: number;
  readonly one: number;
  readonly two: number;
  readonly amount: number;
}

const teams = ['t1', 't2', 't3', 't4'] as const;
const projects = ['acme/a', 'acme/b', 'acme/c'] as const;
const budgetIds = ['b1', 'b2', 'b3', 'b4', 'b5'] as const;
const stepOf = fc.record<Step>({
  action: fc.nat(11),
  one: fc.nat(20),
  two: fc.nat(20),
  amount: fc.integer({ min: 1, max: 60 }),
});
const pick = <T>(from: readonly T[], index: number): T => from[index % from.length]!;

/** The organization's sum rules refuse; all other refusals are of what is not there. */
const sumCodes = new Set([
  'BUDGET_EXISTS',
  'BUDGET_SUM_EXCEEDED',
  'BUDGET_BELOW_SUM',
  'ALLOCATION_EXCEEDS_BUDGET',
]);

function commandOf({ action, one, two, amount }: Step, stream: TestStream): CommandBody {
  const named = { owner: 'leads', displayName: 'x' };
  const team = pick([null, ...teams], two);
  const project = pick(projects, one);
  const allocation = { project, application: 'moka', resource: 'tokens' };
  switch (action) {
    case 0:
    case 1:
      return { type: 'DefineTeam', data: { teamId: pick(teams, one), parent: team, ...named } };
    case 2:
    case 3:
      return { type: 'DefineProject', data: { project, team, ...named } };
    case 4:
      return { type: 'RetireTeam', data: { teamId: pick(teams, one) } };
    case 5:
      return { type: 'RetireProject', data: { project } };
    case 6:
      return { type: 'RetireBudget', data: { budgetId: pick(budgetIds, one) } };
    case 7: {
      const unitCost = {
        priceBook: 'list',
        priceBookVersion: 1n,
        currency: 'USD',
        amount: '0.25',
        perUnits: 1n,
        unitsPerWindow: 4n,
      };
      const data = { budgetId: pick(budgetIds, two), bound: 'amount', unitCost } as const;
      return {
        type: 'AllocateEntitlement',
        data: { ...data, ...allocation, amount: BigInt(amount) },
      };
    }
    case 8: {
      const state = stream.state as OrganizationState | null;
      const pending = state?.allocations.get(`${project} moka tokens`)?.pending ?? null;
      const answer = two % 2 === 0 ? 'accepted' : 'refused';
      const code = answer === 'refused' ? 'ENTITLEMENT_EXCEEDED' : null;
      const data = { allocation: pending?.allocation ?? 1n, answer, code, detail: null } as const;
      return { type: 'CompleteAllocation', data: { ...allocation, ...data } };
    }
    default: {
      const holders = [
        ...projects.map((each) => ({ project: each, team: null })),
        ...teams.map((each) => ({ project: '', team: each })),
        { project: '', team: null },
      ];
      const window = { ...budget.window, count: amount % 5 === 0 ? 3 : 1 };
      const terms = { budgetId: pick(budgetIds, one), amount: String(amount), window };
      return { type: 'DefineBudget', data: { ...budget, ...terms, ...pick(holders, two) } };
    }
  }
}

function registered(): TestStream {
  const stream = new TestStream('organization:acme');
  stream.send({ type: 'RegisterOrganization', data: { displayName: 'Acme' } });
  return stream;
}

/** What would be there if the refused command had been accepted: its event, by force. */
function forced(stream: TestStream, body: CommandBody): OrganizationState | null {
  const events = {
    DefineTeam: 'TeamDefined',
    DefineProject: 'ProjectDefined',
    DefineBudget: 'BudgetDefined',
  } as const;
  if (!(body.type in events)) return null;
  const state = stateFromText(stateToText(stream.state!)) as OrganizationState;
  const type = events[body.type as keyof typeof events];
  const data = body.data as { teamId?: string; project?: string; budgetId?: string };
  const former =
    type === 'TeamDefined'
      ? state.teams.get(data.teamId ?? '')
      : type === 'ProjectDefined'
        ? state.projects.get(data.project ?? '')
        : state.budgets.get(data.budgetId ?? '');
  const version = (former?.version ?? 0n) + 1n;
  const draft = { type, data: { ...data, version }, quotaId: null, quotaVersion: null };
  const stamp = { stream: stream.stream, streamVersion: stream.version + 1n };
  return evolve(state, stampEvent(draft as never, stamp)) as OrganizationState;
}

describe('budgets over random histories', () => {
  it('sum as a check of the whole tree says, and are refused where it would not hold', () => {
    let sumRefusals = 0;
    fc.assert(
      fc.property(fc.array(stepOf, { minLength: 20, maxLength: 60 }), (steps) => {
        const stream = registered();
        for (const step of steps) {
          const body = commandOf(step, stream);
          const decision = stream.send(body);
          expect(brokenBudgets(stream.state as OrganizationState)).toEqual([]);
          if (decision.kind === 'accepted') continue;
          if (!decision.violations.every(({ code }) => sumCodes.has(code))) continue;
          sumRefusals += 1;
          const state = forced(stream, body);
          if (state !== null) expect(brokenBudgets(state)).not.toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
    expect(sumRefusals).toBeGreaterThan(100);
  });

  it('keep the sums that their definitions make anew, and leave none behind', () => {
    fc.assert(
      fc.property(fc.array(stepOf, { minLength: 20, maxLength: 60 }), (steps) => {
        const stream = registered();
        for (const step of steps) stream.send(commandOf(step, stream));
        const state = stream.state as OrganizationState;
        expect(sumsOf(madeAnew(state))).toEqual(sumsOf(state));
        expect(stateFromText(stateToText(state))).toEqual(state);
      }),
      { numRuns: 150 },
    );
  });
});

function sumsOf({ promised, budgetAt }: OrganizationState) {
  return { promised, budgetAt };
}

/** The same organization, its parts defined from the top down. */
function madeAnew(state: OrganizationState): OrganizationState {
  const stream = registered();
  const rest = [...state.teams.values()];
  while (rest.length > 0) {
    const at = rest.findIndex(
      ({ parent }) => parent === null || !rest.some(({ teamId }) => teamId === parent),
    );
    for (const { teamId, parent, owner, displayName } of rest.splice(at, 1)) {
      const data = { teamId, parent, owner, displayName, version: 1n };
      stream.append([{ type: 'TeamDefined', data, quotaId: null, quotaVersion: null }]);
    }
  }
  for (const { project, team, owner, displayName } of state.projects.values()) {
    const data = { project, team, owner, displayName, version: 1n };
    stream.append([{ type: 'ProjectDefined', data, quotaId: null, quotaVersion: null }]);
  }
  for (const { provenance, ...terms } of state.budgets.values()) {
    expect(provenance.commandId).not.toBeNull();
    const data = { ...terms, version: 1n };
    stream.append([{ type: 'BudgetDefined', data, quotaId: null, quotaVersion: null }]);
  }
  return stream.state as OrganizationState;
}
