/** Decisions of an organization's stream. */
import type { CommandMessage } from '@prorata/schemas';
import type { Decision, DecisionContext, OrganizationState } from '../model.ts';
import { allocateEntitlement } from './allocateEntitlement.ts';
import { beginCut } from './beginCut.ts';
import { closePeriod } from './closePeriod.ts';
import { completeAllocation } from './completeAllocation.ts';
import { completeCut } from './completeCut.ts';
import { defineBudget } from './defineBudget.ts';
import { defineProject } from './defineProject.ts';
import { defineTeam } from './defineTeam.ts';
import { grantCredit } from './grantCredit.ts';
import { liftBudgetOverride, overrideBudget } from './overrideBudget.ts';
import { recordThreshold } from './recordThreshold.ts';
import { registerOrganization } from './registerOrganization.ts';
import { rehearseCut } from './rehearseCut.ts';
import { retireBudget } from './retireBudget.ts';
import { retireProject } from './retireProject.ts';
import { retireTeam } from './retireTeam.ts';
import { withdrawCredit } from './withdrawCredit.ts';

export type OrganizationCommand = Extract<
  CommandMessage,
  {
    type:
      | 'AllocateEntitlement'
      | 'BeginCut'
      | 'ClosePeriod'
      | 'CompleteAllocation'
      | 'CompleteCut'
      | 'DefineBudget'
      | 'DefineProject'
      | 'DefineTeam'
      | 'GrantCredit'
      | 'LiftBudgetOverride'
      | 'OverrideBudget'
      | 'RecordThreshold'
      | 'RegisterOrganization'
      | 'RehearseCut'
      | 'RetireBudget'
      | 'RetireProject'
      | 'RetireTeam'
      | 'WithdrawCredit';
  }
>;

export function decideForOrganization(
  state: OrganizationState | null,
  id: string,
  command: OrganizationCommand,
  context: DecisionContext,
): Decision {
  switch (command.type) {
    case 'RegisterOrganization':
      return registerOrganization(state, command.value);
    case 'DefineTeam':
      return defineTeam(state, command.value);
    case 'RetireTeam':
      return retireTeam(state, command.value);
    case 'DefineProject':
      return defineProject(state, id, command.value);
    case 'RetireProject':
      return retireProject(state, command.value);
    case 'DefineBudget':
      return defineBudget(state, id, command.value);
    case 'RetireBudget':
      return retireBudget(state, command.value);
    case 'OverrideBudget':
      return overrideBudget(state, command.value, context);
    case 'LiftBudgetOverride':
      return liftBudgetOverride(state, command.value, context);
    case 'RecordThreshold':
      return recordThreshold(state, command.value, context);
    case 'RehearseCut':
      return rehearseCut(state, id, command.value, context);
    case 'AllocateEntitlement':
      return allocateEntitlement(state, id, command.value, context);
    case 'CompleteAllocation':
      return completeAllocation(state, command.value, context);
    case 'BeginCut':
      return beginCut(state, id, command.value, context);
    case 'CompleteCut':
      return completeCut(state, command.value, context);
    case 'GrantCredit':
      return grantCredit(state, id, command.value, context);
    case 'WithdrawCredit':
      return withdrawCredit(state, command.value, context);
    case 'ClosePeriod':
      return closePeriod(state, command.value, context);
  }
}
