/**
 * The shapes of the quota model. Everything here is pure: no clock, no random, no I/O; times come in
 * as microseconds since the epoch.
 */
import type {
  Actor,
  ApprovalPolicy,
  ApprovedProposal,
  ChangePolicy,
  CommandMessage,
  Dispatcher,
  EnforcementMode,
  EntitlementSource,
  EventMessage,
  Evidence,
  IdleRule,
  Price,
  ProposalOrigin,
  QuotaContent,
  RemoteValidator,
  ResourceDeclaration,
  ResourceLimit,
  RightsizeBounds,
  RobotRollout,
  SharedCost,
  StalePolicy,
  TierPolicyStep,
  TreeStep,
  ValidationRule,
  Violation,
  Waiver,
} from '@prorata/schemas';
import type { CutGround } from './cutGround.ts';
import type { MeantStep } from './evolve/meantSteps.ts';
import type { OrderedIds } from './indexes/orderedIds.ts';
import type { OrganizationState } from './organizationModel.ts';
import type { Provenance } from './provenance.ts';
import type { RolloutState } from './rollouts/rolloutState.ts';
import type { Sum } from './sums/sum.ts';
import type { Tally } from './sums/tally.ts';

export type * from './organizationModel.ts';
export type { Provenance } from './provenance.ts';
export type { EnteredStage, RolloutState } from './rollouts/rolloutState.ts';

export type { ProposalOrigin } from '@prorata/schemas';

export interface OverrideLayer {
  readonly limits: readonly ResourceLimit[];
  readonly until: bigint;
  /** Whether it blocks everything as a suspension, which is resumed and not lifted. */
  readonly suspension: boolean;
  readonly provenance: Provenance;
}

export interface RightsizedLayer {
  readonly limit: ResourceLimit;
  readonly evidence: Evidence;
  readonly provenance: Provenance;
}

export interface HaircutLayer extends CutGround {
  readonly cutBasisPoints: number;
  readonly floorBasisPoints: number;
  readonly provenance: Provenance;
}

/** One node: what its owner declared, and the layers that lie on it. */
export interface QuotaState {
  readonly quotaId: string;
  /** 1 at creation; every event about the quota raises it by one. */
  readonly version: bigint;
  readonly content: QuotaContent;
  /** Where the base layer comes from: creation or the last change; of a limit that it left alone, see `earlier`. */
  readonly declared: Provenance;
  /** Of limits that the last change left as they were, by resource, who set them; null: there are none. */
  readonly earlier: ReadonlyMap<string, Provenance> | null;
  /** By resource. */
  readonly rightsized: ReadonlyMap<string, RightsizedLayer>;
  /** By budget, in the order of ids; cuts of several budgets do not add up: the deepest counts. */
  readonly haircuts: ReadonlyMap<string, HaircutLayer>;
  readonly override: OverrideLayer | null;
  /** By resource, when a staged resize of it was last rolled back, if none has come through since; null: none was. */
  readonly rolledBack: ReadonlyMap<string, bigint> | null;
  /** Short hashes of its last contents by version (versions/keptVersions.ts); null: it has had but one. */
  readonly versions: string | null;
}

export interface ProposalState {
  readonly proposalId: string;
  /** Of steps: the quota, or the application, that was at or above everything when it was proposed. */
  readonly quotaId: string;
  /**
   * What it would do where it is more than limits of one quota, as it was sent: `proposalNow` tells the paths of
   * now. Empty: the limits below are it.
   */
  readonly steps: readonly TreeStep[];
  /** Whom each of the steps means. */
  readonly meant: readonly MeantStep[];
  /** What it would set, by resource; of a resize the one limit. */
  readonly limits: readonly ResourceLimit[];
  readonly unsetLimits: readonly string[];
  /** What a resize was computed from; null: it changes the base limits. */
  readonly evidence: Evidence | null;
  readonly origin: ProposalOrigin;
  readonly expiresAt: bigint;
  readonly provenance: Provenance;
}

/** What a quota is checked by beside the built-in rules; the object itself is the key of what is compiled from it. */
export interface OwnChecks {
  /** JSON Schema 2020-12 as text; null: any object. */
  readonly attributesSchema: string | null;
  readonly rules: readonly ValidationRule[];
}

export interface Registration {
  /** 1 for the first; every change raises it by one. */
  readonly version: bigint;
  /** What it reaches beside itself, see `registrationMeaning.ts`. */
  readonly meaningVersion: number;
  readonly displayName: string;
  readonly levels: readonly string[];
  readonly resources: ReadonlyMap<string, ResourceDeclaration>;
  readonly defaultMode: EnforcementMode;
  readonly defaultOnStale: StalePolicy;
  readonly robotChanges: ApprovalPolicy;
  readonly proposalLifetimeMicros: bigint;
  readonly checks: OwnChecks;
  readonly validators: readonly RemoteValidator[];
  /** Bounds of the rightsizer for resources that a quota gives none for. */
  readonly rightsizing: readonly RightsizeBounds[];
  readonly changePolicy: ChangePolicy;
  readonly dispatchers: readonly Dispatcher[];
  /** How a robot's resize that applies itself reaches hosts; null: all at once. */
  readonly robotRollout: RobotRollout | null;
}

export interface EntitlementState {
  readonly project: string;
  readonly resource: string;
  /** Base units; of a rate, per second. */
  readonly amount: bigint | 'unlimited' | 'blocked';
  /** The allocation that it comes from; null: it was set by hand. */
  readonly source: EntitlementSource | null;
  /** The last allocation that it came from, also where it was set by hand since; null: none did. */
  readonly allocated: EntitlementSource | null;
  readonly provenance: Provenance;
}

/** What the rightsizer last said that it would do under a policy. */
export interface RehearsalState {
  readonly policyVersion: bigint;
  readonly at: bigint;
}

export interface FollowedCut {
  readonly cutId: bigint;
  /** Whether it was lifted by hand: its own pages come too late as well. */
  readonly isEnded: boolean;
}

export interface ApplicationState {
  readonly kind: 'application';
  readonly id: string;
  registration: Registration;
  readonly quotas: Map<string, QuotaState>;
  /** Quotas under a live override, so that due times are found without a walk of the tree. */
  readonly overridden: Set<string>;
  /** Children by parent id; the application's id is the parent of the first level. */
  readonly children: Map<string, Set<string>>;
  /** By `<project> <resource>`. */
  readonly entitlements: Map<string, EntitlementState>;
  /** By `<project> <budget>`: the last cut that was carried out here, so that none before it comes late. */
  readonly cutsFollowed: Map<string, FollowedCut>;
  /** By the policy's name: the last rehearsal of it. Of the last few policies: what is forgotten is rehearsed again. */
  readonly rehearsals: Map<string, RehearsalState>;
  /** Open proposals only, by id. */
  readonly proposals: Map<string, ProposalState>;
  /** Where those are by now whom open proposals of steps mean, by alias; who was deleted is in it no more. */
  readonly aliases: Map<string, string>;
  /** Rollouts that are on, by id. */
  readonly rollouts: Map<string, RolloutState>;
  /** By quota: the rollout that changes it; made from `rollouts`. */
  readonly inRollout: Map<string, string>;
  /** Ids of open proposals of limits by quota; made from `proposals`. */
  readonly proposalsByQuota: Map<string, Set<string>>;
  /** Ids of open proposals of steps by the aliases of whom they mean; made from `proposals`. */
  readonly proposalsByAlias: Map<string, Set<string>>;
  /** Made from `aliases`. */
  readonly aliasByQuota: Map<string, string>;
  /** By node (a quota's id or the application's): what is declared below it; made from `quotas`. */
  readonly sums: Map<string, readonly Tally[]>;
  /** By `<project> <resource>`: what the project's top-most quotas hold; made from `quotas`. */
  readonly held: Map<string, Sum>;
  /** By project: the quotas that it pays for; made from `quotas`, as the three below. */
  readonly paid: Map<string, OrderedIds>;
  /** By `<project> <budget>`: the quotas that its cut lies on. */
  readonly cut: Map<string, OrderedIds>;
  /** By attributes, as their text: the quotas that have just these. */
  readonly attributes: Map<string, OrderedIds>;
  /** By resource: how many quotas speak of it; no entry for none. */
  readonly users: Map<string, number>;
  /** Quotas under a suspension, by what it blocks (`blockedKey`); made from `quotas`. */
  readonly suspended: Map<string, OrderedIds>;
  /** By resource: what evidence has set under the application's bounds (indexes/rightsizedRates.ts); made from `quotas`. */
  readonly rightsized: Map<string, OrderedIds>;
}

export interface PriceBookState {
  readonly kind: 'pricebook';
  readonly id: string;
  version: bigint;
  currency: string;
  /** Of charge days and periods. */
  timeZone: string;
  closeAfterMicros: bigint;
  prices: readonly Price[];
  sharedCosts: readonly SharedCost[];
  idle: readonly IdleRule[];
  provenance: Provenance;
}

export interface TierPolicyState {
  readonly kind: 'tierpolicy';
  readonly id: string;
  version: bigint;
  steps: readonly TierPolicyStep[];
  floorBasisPoints: readonly number[];
  provenance: Provenance;
}

/** What the last anchor of a partition covers. */
export interface AnchorState {
  readonly kind: 'anchor';
  /** The partition's number. */
  readonly id: string;
  /** Streams and events of the partition before it, anchors apart. */
  streams: bigint;
  events: bigint;
}

export type StreamState =
  ApplicationState | OrganizationState | PriceBookState | TierPolicyState | AnchorState;

type WithoutEnvelope<M> = M extends { readonly type: infer T; readonly value: infer V }
  ? { readonly type: T; readonly data: Omit<V, 'envelope'> }
  : never;

/** An event before the writer stamps its envelope. */
export type EventDraft = WithoutEnvelope<EventMessage> & {
  readonly quotaId: string | null;
  /** The quota's version after the event. */
  readonly quotaVersion: bigint | null;
};

export type Decision =
  | {
      readonly kind: 'accepted';
      readonly events: readonly EventDraft[];
      /** What was made, such as a proposal's id. */
      readonly result: string | null;
      /** The safety checks that it did not pass and that were waived: they belong on its events. */
      readonly waivers: readonly Waiver[];
      /** The proposal that it approves: it belongs on its events. */
      readonly approved: ApprovedProposal | null;
      /**
       * Where it opens a proposal of steps, the events that approval would yield by now; where it starts a rollout,
       * what its promotion would change: the caller refuses what it could not append then.
       */
      readonly awaited: readonly EventDraft[];
    }
  | { readonly kind: 'refused'; readonly violations: readonly [Violation, ...Violation[]] };

/** What a decision may know beside the state and the command. */
export interface DecisionContext {
  /** Decision time, microseconds; never before the stream's last. */
  readonly now: bigint;
  /** The stream's version before the decision; ids of what is made derive from it. */
  readonly streamVersion: bigint;
}

/** A moment at which the stream changes by itself. */
export interface DueTime {
  readonly at: bigint;
  /** `override:<quota id>` or `proposal:<proposal id>`. */
  readonly timer: string;
  /** Who set it. */
  readonly actor: Actor;
  readonly reason: string;
}

/** `decide(state, command, context)`: state null before the stream's first event. */
export type Decide = (
  state: StreamState | null,
  command: CommandMessage,
  context: DecisionContext,
) => Decision;

/**
 * One layer of a limit in force, from the lowest up. Below a live override the haircut is still shown,
 * though outweighed. An `ancestor` layer stands for each ancestor that makes the limit tighter, nearest
 * first, and carries the provenance, evidence, end and haircut of what holds there. A haircut of what is
 * inherited comes after the ancestors that it is inherited from.
 */
export interface ExplainedLayer {
  readonly layer: 'base' | 'rightsized' | 'haircut' | 'override' | 'ancestor';
  /** What holds with this layer and all below it. */
  readonly limit: ResourceLimit;
  readonly provenance: Provenance;
  readonly evidence: Evidence | null;
  /** When it ends by itself. */
  readonly until: bigint | null;
  /** override: whether it is a suspension. */
  readonly suspension: boolean;
  readonly haircut: HaircutLayer | null;
  /** ancestor: the quota whose limit binds. */
  readonly ancestor: string | null;
}

export interface EffectiveLimit {
  readonly resource: string;
  /** What is in force. */
  readonly limit: ResourceLimit;
  readonly layers: readonly ExplainedLayer[];
  /** The quota whose limit binds: the quota's own id, or an ancestor's. */
  readonly boundBy: string;
}
