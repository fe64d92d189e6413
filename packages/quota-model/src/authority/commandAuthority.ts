/**
 * Who may send which command, in one table: the gateway's door, the model's checks, the reference and
 * the exhaustive test are made from it.
 */
import type { CommandMessage } from '@prorata/schemas';

/** A role that may send commands. */
export type SendingRole = 'admin' | 'operator' | 'member' | 'robot';

export interface CommandAuthority {
  /** One of them must be held, everywhere or by a grant that reaches as far as `over` says. */
  readonly roles: readonly SendingRole[];
  /** `stream`: the role must hold for the whole stream. `quota`: for the quota in question, or as its owner. */
  readonly over: 'stream' | 'quota';
  /** What else is asked, in a sentence for people. */
  readonly needs: string;
}

const ADMIN = ['admin'] as const;
const ADMIN_OR_LOOP = ['admin', 'robot'] as const;
const ADMIN_OR_OPERATOR = ['admin', 'operator'] as const;
const PEOPLE = ['admin', 'operator', 'member'] as const;
const ANYBODY = ['admin', 'operator', 'member', 'robot'] as const;
const ROBOT = ['robot'] as const;
const LOOPS = ['admin', 'operator', 'robot'] as const;

const RAISES =
  'A raise needs the owner of a quota above it, or an operator whose scope reaches there.';
const WHOLE_STREAM = 'The role must hold for the whole stream.';
const OVER_ROLLOUT =
  'The owner of each of its quotas or of one above it, or an operator of them; a robot with its role for the application.';

/** In the order in which a newcomer meets them. */
export const commandAuthority: Readonly<Record<CommandMessage['type'], CommandAuthority>> = {
  RegisterApplication: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  SetEntitlement: {
    roles: ADMIN_OR_LOOP,
    over: 'stream',
    needs: `${WHOLE_STREAM} A robot carries out an allocation, and names it.`,
  },
  CreateQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'The owner of the parent, or an operator of it; of the first level an operator of the ' +
      'application. Guarantees and amounts come out of the nearest quota above that declares them: ' +
      'its owner must give them. Only an operator names another payer.',
  },
  ChangeQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs: `The owner of the quota or of one above it, or an operator of it. ${RAISES}`,
  },
  DeclareQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs: 'As CreateQuota where the quota is not there, and as ChangeQuota where it is.',
  },
  RestoreQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'The owner of the quota or of one above it, or an operator of it. Where the earlier version is ' +
      'looser than what holds now, it is a raise.',
  },
  DeleteQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'The owner of the quota or of one above it, or an operator of it. Where its limits held back ' +
      'more than those above do, or a cut that lies on it does, it is a raise. One that names who pays, where nobody above does: an ' +
      'operator of its parent.',
  },
  MoveQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'The owner of the quota or of one above it and of the parent that is come to, or operators of them. ' +
      'Where the limits above it are looser there, or an override is left behind, it is a raise, which ' +
      'the owner of a quota above both places may make, or an operator there. Guarantees and amounts come out of the nearest quota above that declares them: its owner must ' +
      'give them. Only an operator lets another project pay.',
  },
  ChangeTree: {
    roles: PEOPLE,
    over: 'quota',
    needs: 'For each step what the command of that kind needs.',
  },
  OverrideQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'To block: the owner of the quota or of one above it, or an operator of it. Any other limit, ' +
      'which outweighs cuts, and taking the place of a tighter override of somebody else is a raise.',
  },
  LiftOverride: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'The owner of the quota or of one above it, or an operator of it. Lifting what somebody else ' +
      'tightened is a raise.',
  },
  SuspendQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'The owner of the quota or of one above it, or an operator of it. Taking the place of a tighter ' +
      'override of somebody else is a raise.',
  },
  ResumeQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'Who suspended it, the owner of a quota above it, or an operator whose scope reaches there.',
  },
  TransferQuota: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'To another owner: the owner of the quota or of one above it, or an operator of it. To another ' +
      'payer: an operator of the parent.',
  },
  ResizeQuota: {
    roles: LOOPS,
    over: 'quota',
    needs: `A robot stays within the owner's bounds and the application's step. ${RAISES}`,
  },
  RecordRehearsal: {
    roles: ROBOT,
    over: 'stream',
    needs: `${WHOLE_STREAM} Nobody rehearses for the rightsizer.`,
  },
  RequestIncrease: {
    roles: PEOPLE,
    over: 'quota',
    needs: 'The owner of the quota or of one above it, or an operator of it.',
  },
  ApproveProposal: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'Whoever may make the change alone, but not its proposer, and nobody by an API key that names no issuer.',
  },
  RejectProposal: {
    roles: PEOPLE,
    over: 'quota',
    needs: 'The owner of the quota or of one above it, or an operator of it.',
  },
  WithdrawProposal: { roles: ANYBODY, over: 'quota', needs: 'Its proposer alone.' },
  StartRollout: {
    roles: PEOPLE,
    over: 'quota',
    needs:
      'For each step what the command of that kind needs; a raise that waits for a second person cannot be rolled out.',
  },
  AdvanceRollout: {
    roles: ANYBODY,
    over: 'quota',
    needs: `${OVER_ROLLOUT} A robot once the stage has baked and the gate holds.`,
  },
  PauseRollout: { roles: ANYBODY, over: 'quota', needs: OVER_ROLLOUT },
  ResumeRollout: { roles: PEOPLE, over: 'quota', needs: OVER_ROLLOUT },
  PromoteRollout: {
    roles: ANYBODY,
    over: 'quota',
    needs: `${OVER_ROLLOUT} A robot at the last stage, once it has baked and the gate holds. A raise was judged at the start.`,
  },
  RollBackRollout: { roles: ANYBODY, over: 'quota', needs: OVER_ROLLOUT },
  RegisterOrganization: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  DefineTeam: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  RetireTeam: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  DefineProject: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  RetireProject: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  DefineBudget: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  RetireBudget: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  OverrideBudget: {
    roles: ADMIN_OR_OPERATOR,
    over: 'stream',
    needs: `${WHOLE_STREAM} A person stops the cuts of a budget: no robot may.`,
  },
  LiftBudgetOverride: { roles: ADMIN_OR_OPERATOR, over: 'stream', needs: WHOLE_STREAM },
  AllocateEntitlement: {
    roles: ADMIN_OR_LOOP,
    over: 'stream',
    needs: `${WHOLE_STREAM} A robot hands out what the split of a budget in force says, and no more.`,
  },
  CompleteAllocation: { roles: ADMIN_OR_LOOP, over: 'stream', needs: WHOLE_STREAM },
  DefinePriceBook: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  PublishTierPolicy: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  GrantCredit: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  WithdrawCredit: { roles: ADMIN, over: 'stream', needs: WHOLE_STREAM },
  ClosePeriod: { roles: ADMIN_OR_LOOP, over: 'stream', needs: WHOLE_STREAM },
  RecordThreshold: { roles: ADMIN_OR_LOOP, over: 'stream', needs: WHOLE_STREAM },
  RehearseCut: { roles: ADMIN_OR_LOOP, over: 'stream', needs: WHOLE_STREAM },
  BeginCut: { roles: ADMIN_OR_LOOP, over: 'stream', needs: WHOLE_STREAM },
  CompleteCut: { roles: ADMIN_OR_LOOP, over: 'stream', needs: WHOLE_STREAM },
  ApplyHaircut: { roles: LOOPS, over: 'stream', needs: WHOLE_STREAM },
  LiftHaircut: { roles: LOOPS, over: 'stream', needs: WHOLE_STREAM },
};
