// Made from schemas/avro by `npm run generate`. Do not edit.

/* eslint-disable */

/** Begins the next stage. A robot may once the stage has baked and its evidence passes the gate. */
export interface AdvanceRollout {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
  /** The stage that is left, counted from 0: a command that comes twice goes on once. */
  readonly stage: number;
  /** What hosts reported; null: nobody measured. */
  readonly evidence: null | RolloutEvidence;
}

/** Lets a budget pay for how much of an application's resource a project may hold in quotas, in place of what it paid for before. */
export interface AllocateEntitlement {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** The project, as <organization>/<project>. */
  readonly project: string;
  /** The application. */
  readonly application: string;
  /** The application's resource. */
  readonly resource: string;
  /** amount: see amount. blocked: nothing, which releases what the budget pays for. */
  readonly bound: Bound;
  /** How much the project's quotas may sum to, base units (a rate: per second). */
  readonly amount: bigint;
  /** What a unit costs; null only where nothing is allocated. */
  readonly unitCost: null | UnitCost;
}

/** Cuts the quotas that a project pays for in this application, by tier. A later cut of the same budget replaces the former. */
export interface ApplyHaircut {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** Whose quotas are cut, as <organization>/<project>. */
  readonly project: string;
  /** The budget that is overspent. */
  readonly budgetId: string;
  /** Start of the budget's window, inclusive. */
  readonly windowStart: bigint;
  /** End of the budget's window, exclusive: the cut lifts there. */
  readonly windowEnd: bigint;
  /** Actual spend in the window so far, an exact decimal. */
  readonly spend: string;
  /** The budget's amount, an exact decimal. */
  readonly budget: string;
  /** ISO 4217. */
  readonly currency: string;
  /** How far spend is over the budget. */
  readonly overrunBasisPoints: number;
  /** The tier policy applied. */
  readonly tierPolicy: string;
  /** Its version. */
  readonly tierPolicyVersion: bigint;
  /** Five numbers, tier 0 to 4: the cut of the maximum in basis points. */
  readonly cutBasisPoints: readonly number[];
  /** Five numbers, tier 0 to 4: what is left at least, in basis points of the uncut maximum. */
  readonly floorBasisPoints: readonly number[];
  /** The usage that became the spend. */
  readonly evidence: Evidence;
  /** The cut of the project's organization that this carries out: once a later one has been followed, it is refused. null: by hand. */
  readonly cutId: null | bigint;
  /** A page: only quotas whose ids come after this one, by code unit. */
  readonly after: null | string;
  /** A page: at most so many quotas, 1 to 500; the outcome's result is then the id to go on after, or null at the end. 0: all of them at once. */
  readonly most: number;
  /** Five numbers, tier 0 to 4: only quotas of the tier whose cut priority is at least as much are cut, the others are left as they are; empty: all of them. */
  readonly priorityMin: readonly number[];
}

/** Accepts a proposal; it is validated anew against the state of the moment. */
export interface ApproveProposal {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The proposal. */
  readonly proposalId: string;
}

/** Records that a budget's cut is to be applied or lifted in some applications, before any of them is asked. It takes the place of what was to be done there for the budget. */
export interface BeginCut {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** Whose quotas are cut, as <organization>/<project>. */
  readonly project: string;
  /** The applications whose quotas are to be cut. */
  readonly applications: readonly string[];
  /** Why the budget's cut is to be lifted; null: it is to be applied. */
  readonly lift: null | HaircutLiftCause;
  /** Start of the budget's window, inclusive. */
  readonly windowStart: bigint;
  /** End of the budget's window, exclusive: the cut lifts there. */
  readonly windowEnd: bigint;
  /** Actual spend in the window so far, an exact decimal. */
  readonly spend: string;
  /** The budget's amount, an exact decimal. */
  readonly budget: string;
  /** ISO 4217. */
  readonly currency: string;
  /** How far spend is over the budget; 0 where the cut is lifted. */
  readonly overrunBasisPoints: number;
  /** The tier policy applied. */
  readonly tierPolicy: string;
  /** Its version. */
  readonly tierPolicyVersion: bigint;
  /** Five numbers, tier 0 to 4: the cut of the maximum in basis points; all 0 where the cut is lifted. */
  readonly cutBasisPoints: readonly number[];
  /** Five numbers, tier 0 to 4: what is left at least, in basis points of the uncut maximum. */
  readonly floorBasisPoints: readonly number[];
  /** The usage that became the spend, in full: the cuts themselves refer to it. */
  readonly evidence: Evidence;
  /** Five numbers, tier 0 to 4: only quotas of the tier whose cut priority is at least as much are cut, the others are left as they are; empty: all of them. */
  readonly priorityMin: readonly number[];
}

/** Changes what a quota's owner declared; a field that is null stays as it is. */
export interface ChangeQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The new owner. */
  readonly owner: null | string;
  /** The new tier. */
  readonly tier: null | number;
  /** The new cut priority. */
  readonly cutPriority: null | number;
  /** The new labels, all of them. */
  readonly labels: null | Readonly<Record<string, string>>;
  /** The new attributes, all of them. */
  readonly attributes: null | string;
  /** Limits to set, replacing those of the same resources. */
  readonly setLimits: readonly ResourceLimit[];
  /** Resources whose limits become unset: they inherit. */
  readonly unsetLimits: readonly string[];
  /** The new match, whole. */
  readonly match: null | readonly MatchCondition[];
  /** The new action. */
  readonly action: null | ExceedAction;
  /** The new tag. */
  readonly degradeTag: null | string;
  /** The new mode. */
  readonly mode: null | EnforcementMode;
  /** The new stale behaviour. */
  readonly onStale: null | StalePolicy;
  /** The new bounds, whole. */
  readonly rightsizing: null | readonly RightsizeBounds[];
  /** Whether setLimits are all limits afterwards: every other becomes unset. */
  readonly onlySetLimits: boolean;
  /** Labels to set, and with null to remove; the others stay. */
  readonly labelsPatch: Readonly<Record<string, null | string>>;
  /** A merge patch of the attributes (RFC 7396): null removes a member. */
  readonly attributesPatch: null | string;
  /** Fields to set back to null: degradeTag, mode, onStale, requests. */
  readonly clear: readonly string[];
  /** The new terms of requests, whole. */
  readonly requests: null | RequestTerms;
}

/** Changes several quotas of one application, all or none. Steps are taken in order; sums, maxima, windows and entitlements are judged once, on the tree that they leave. */
export interface ChangeTree {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** At most 500. */
  readonly steps: readonly TreeStep[];
}

/** Closes a period of a price book: what changes of it afterwards becomes new lines. */
export interface ClosePeriod {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The price book by which usage was charged. */
  readonly priceBook: string;
  /** Its version. */
  readonly priceBookVersion: bigint;
  /** Its currency, ISO 4217. */
  readonly currency: string;
  /** Start of the period, inclusive. */
  readonly periodStart: bigint;
  /** End of the period, exclusive. */
  readonly periodEnd: bigint;
  /** How long after its end the price book lets a period be closed, microseconds. */
  readonly closeAfterMicros: bigint;
  /** The version of the organization's stream whose credits the lines know. */
  readonly organizationVersion: bigint;
  /** What of the usage table the lines know; a source that is not named had no row of the period. */
  readonly positions: readonly UsagePosition[];
  /** How many lines the period has. */
  readonly lines: bigint;
  /** The sum of the lines, an exact decimal. */
  readonly total: string;
  /** SHA-256 of the lines, in the order and the form that docs/reference/charges.md gives. */
  readonly linesSha256: Sha256;
}

/** What every command carries beside its own fields. */
export interface CommandEnvelope {
  /** A UUID chosen by the client; with the principal and the stream it names the command for 24 hours. */
  readonly commandId: string;
  /** The stream that decides it: application:<id>, organization:<id>, pricebook:<id> or tierpolicy:<id>. */
  readonly stream: string;
  /** Who sends it, as the gateway verified. */
  readonly actor: Actor;
  /** The roles that the gateway found in the verified token. */
  readonly roles: readonly string[];
  /** Why, in the sender's words; it stands in the audit log. */
  readonly reason: string;
  /** The version that the sender has seen, of the quota or whatever the command is about; 0: it must not exist yet; -1: it must exist; null: any. */
  readonly expectedVersion: null | bigint;
  /** Decide and answer, but write no event. */
  readonly dryRun: boolean;
  /** When the gateway let it in. */
  readonly submittedAt: bigint;
  /** Groups of the identity provider that the gateway found in the verified token: quotas are owned by groups. */
  readonly groups: readonly string[];
  /** Roles that hold within a part alone, as the gateway verified. */
  readonly grants: readonly Grant[];
  /** Safety checks waived by name. */
  readonly waivers: readonly Waiver[];
  /** Usage that a decrease is compared with. */
  readonly usage: readonly ObservedUsage[];
  /** Answers of remote validators, asked for by the gateway. */
  readonly attestations: readonly Attestation[];
}

/** Records what the application answered to an allocation. */
export interface CompleteAllocation {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The project, as <organization>/<project>. */
  readonly project: string;
  /** The application. */
  readonly application: string;
  /** The application's resource. */
  readonly resource: string;
  /** The number of the allocation that was answered. */
  readonly allocation: bigint;
  /** What the application answered. */
  readonly answer: ProcessAnswer;
  /** refused: the stable code. */
  readonly code: null | string;
  /** refused: what the application said, for people. */
  readonly detail: null | string;
}

/** Records what an application answered to the last page of a cut. */
export interface CompleteCut {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** The cut that was answered. */
  readonly cutId: bigint;
  /** The application. */
  readonly application: string;
  /** What the application answered. */
  readonly answer: ProcessAnswer;
  /** refused: the stable code. */
  readonly code: null | string;
  /** refused: what the application said, for people. */
  readonly detail: null | string;
}

/** Creates a quota. */
export interface CreateQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** What its owner declares. */
  readonly content: QuotaContent;
}

/** Declares the whole content of a quota: creates it when it is not there, and changes it otherwise. Version 0 as the expected one says that it must not be there. */
export interface DeclareQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** What its owner declares, all of it; its project stays as it was when the quota was created. */
  readonly content: QuotaContent;
}

/** Defines a budget, or changes it. */
export interface DefineBudget {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** Whose spend it bounds, as <organization>/<project>; empty where it is a team's, or the whole organization's. */
  readonly project: string;
  /** Money per window, an exact decimal. */
  readonly amount: string;
  /** ISO 4217; it must be the price book's. */
  readonly currency: string;
  /** The time it is for. */
  readonly window: BudgetWindow;
  /** The price book that turns usage into money. */
  readonly priceBook: string;
  /** The tier policy that turns overrun into cuts. */
  readonly tierPolicy: string;
  /** The team whose projects' spend it bounds; null where a project is named, or where it is the whole organization's. */
  readonly team: null | string;
  /** Whether it cuts; null: as it is, and dry_run where the budget is new. */
  readonly mode: null | BudgetMode;
  /** Where its owner is told, at most 10; null: as they are, and 50, 80 and 100 % of actual and 100 % of forecast spend where the budget is new. */
  readonly thresholds: null | readonly BudgetThreshold[];
  /** What part of its money each resource may be given as entitlement, at most 64 parts of at most the whole, of the budget of a project alone; null: as it is. */
  readonly split: null | readonly BudgetShare[];
}

/** Defines a price book, or publishes its next version. */
export interface DefinePriceBook {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** ISO 4217; one per book, for ever. */
  readonly currency: string;
  /** All prices of the book, earlier ones included. */
  readonly prices: readonly Price[];
  /** The IANA time zone of its charge days and of its periods, which are calendar months; one per book, for ever. */
  readonly timeZone: string;
  /** How long after its end a period may be closed at the earliest, microseconds: what arrives later becomes lines of correction. */
  readonly closeAfterMicros: bigint;
  /** What projects pay for together, all entries of the book, earlier ones included. */
  readonly sharedCosts: readonly SharedCost[];
  /** What is charged that stood ready and nobody used, all rules of the book, earlier ones included. */
  readonly idle: readonly IdleRule[];
}

/** Defines a project, changes it, or moves it by naming another team. */
export interface DefineProject {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The project, as <organization>/<project>. */
  readonly project: string;
  /** The team that it belongs to; null: the organization itself. */
  readonly team: null | string;
  /** The group of the identity provider that owns it. */
  readonly owner: string;
  /** What people call it. */
  readonly displayName: string;
}

/** Defines a team, changes it, or moves it with all below it by naming another parent. */
export interface DefineTeam {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The team, unique within the organization. */
  readonly teamId: string;
  /** The team above; null: the organization itself. */
  readonly parent: null | string;
  /** The group of the identity provider that owns it. */
  readonly owner: string;
  /** What people call it. */
  readonly displayName: string;
}

/** Deletes a quota, alone or with all below it. */
export interface DeleteQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** refuse: not while it has children; cascade: all below it go too. */
  readonly children: ChildrenPolicy;
}

/** Grants money to a project or to the organization; the reason is the command's. */
export interface GrantCredit {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The credit, unique within the organization. */
  readonly creditId: string;
  /** Whom it is for, as <organization>/<project>; null: the organization as a whole. */
  readonly project: null | string;
  /** The price book whose charges it lessens. */
  readonly priceBook: string;
  /** Money, an exact decimal above 0: the ledger has a line of minus as much. */
  readonly amount: string;
  /** ISO 4217; it must be the price book's. */
  readonly currency: string;
  /** When it counts: the moment of its line. */
  readonly at: bigint;
}

/** Ends a budget's override before its time. */
export interface LiftBudgetOverride {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
}

/** Lifts every cut of one budget in this application. */
export interface LiftHaircut {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** Whose quotas were cut. */
  readonly project: string;
  /** The budget. */
  readonly budgetId: string;
  /** Why it is lifted. */
  readonly cause: HaircutLiftCause;
  /** Actual spend in the window that was looked at, an exact decimal. */
  readonly spend: string;
  /** The budget's amount then, an exact decimal. */
  readonly budget: string;
  /** The cut of the project's organization that this carries out: once a later one has been followed, it is refused. null: by hand. */
  readonly cutId: null | bigint;
  /** A page: only quotas whose ids come after this one, by code unit. */
  readonly after: null | string;
  /** A page: at most so many quotas, 1 to 500; the outcome's result is then the id to go on after, or null at the end. 0: all of them at once. */
  readonly most: number;
}

/** Ends an override before its time. */
export interface LiftOverride {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
}

/** Moves a quota, with all below it and all that lies on them, to another parent or another name. */
export interface MoveQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** Its new path, the new parent's first: moka/dev/ads. */
  readonly toQuotaId: string;
}

/** Keeps a budget from cutting until a moment, at most 31 days from now. Cuts that it has made are lifted. */
export interface OverrideBudget {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** When it ends by itself. */
  readonly until: bigint;
}

/** Puts limits above every other layer until a known end. */
export interface OverrideQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The limits in force meanwhile. */
  readonly limits: readonly ResourceLimit[];
  /** When the override ends by itself. */
  readonly until: bigint;
}

/** Keeps a rollout at its stage. */
export interface PauseRollout {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
}

/** Declares what the rollout brings: it reaches all hosts. It is validated anew. */
export interface PromoteRollout {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
  /** What hosts reported; null: nobody measured. */
  readonly evidence: null | RolloutEvidence;
}

/** Publishes the next version of a tier policy. */
export interface PublishTierPolicy {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** Steps by rising overrun. */
  readonly steps: readonly TierPolicyStep[];
  /** Five numbers, tier 0 to 4: what a cut leaves at least, in basis points. */
  readonly floorBasisPoints: readonly number[];
}

/** Records what the rightsizer would change under a policy. Before the first it changes nothing. */
export interface RecordRehearsal {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The name of the policy. */
  readonly policy: string;
  /** Its version. */
  readonly policyVersion: bigint;
  /** The version of the usage table that was looked at. */
  readonly tableVersion: bigint;
  /** Limits that it would have raised. */
  readonly wouldRaise: number;
  /** Limits that it would have lowered. */
  readonly wouldLower: number;
  /** Limits that it would have left alone, by the code of why. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Some of what it would have changed, at most 50. */
  readonly examples: readonly RehearsedResize[];
  /** What it was computed from. */
  readonly evidence: Evidence;
}

/** Records that a budget has crossed one of its thresholds: once in each direction and window. */
export interface RecordThreshold {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** Start of the budget's window, inclusive. */
  readonly windowStart: bigint;
  /** End of the budget's window, exclusive. */
  readonly windowEnd: bigint;
  /** What is compared with the budget. */
  readonly basis: ThresholdBasis;
  /** The threshold, in basis points of the budget. */
  readonly basisPoints: number;
  /** up: it was reached; down: it is no longer. */
  readonly direction: ThresholdDirection;
  /** Actual spend in the window so far, an exact decimal. */
  readonly spend: string;
  /** The budget's amount, with what was credited to it, an exact decimal. */
  readonly budget: string;
  /** ISO 4217. */
  readonly currency: string;
  /** What the whole window is expected to cost, an exact decimal; null: there is no forecast. */
  readonly forecast: null | string;
  /** Lower end of its interval of 80 %, an exact decimal; null: there is no forecast. */
  readonly low: null | string;
  /** Upper end of its interval of 80 %, an exact decimal; null: there is no forecast. */
  readonly high: null | string;
  /** The chance that the window costs more than the budget, in basis points; null: there is no forecast. */
  readonly chanceBasisPoints: null | number;
  /** The usage that became the spend, and what the forecast was made of. */
  readonly evidence: Evidence;
}

/** Registers an application, or changes its registration. */
export interface RegisterApplication {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** A name for people. */
  readonly displayName: string;
  /** Names of the tree's levels below the application, outermost first, for people: they bound no depth, which is 8 segments for every tree. */
  readonly levels: readonly string[];
  /** What it governs. */
  readonly resources: readonly ResourceDeclaration[];
  /** Mode of quotas that do not say. */
  readonly defaultMode: EnforcementMode;
  /** Stale behaviour of quotas that do not say. */
  readonly defaultOnStale: StalePolicy;
  /** Whether a robot's resize applies itself or waits for approval. */
  readonly robotChanges: ApprovalPolicy;
  /** How long a proposal waits before it expires, microseconds. */
  readonly proposalLifetimeMicros: bigint;
  /** JSON Schema 2020-12 that every quota's attributes satisfy; null: any object. */
  readonly attributesSchema: null | string;
  /** Rules of the application's own. */
  readonly rules: readonly ValidationRule[];
  /** Services that are asked before a command is let in. */
  readonly validators: readonly RemoteValidator[];
  /** Bounds of the rightsizer for resources that a quota gives none for; of a rate per second. What is rightsized outside of new bounds ends. */
  readonly rightsizing: readonly RightsizeBounds[];
  /** How far one change may go without somebody else. */
  readonly changePolicy: ChangePolicy;
  /** Targets that its limits are written to, beside hosts. */
  readonly dispatchers: readonly Dispatcher[];
  /** How a robot's resize that applies itself reaches hosts; null: all at once. Limits of the whole fleet and capacities hold at once in any case. */
  readonly robotRollout: null | RobotRollout;
}

/** Registers an organization, or renames it. From then on a budget is for a project or a team that is defined. */
export interface RegisterOrganization {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** What people call it. */
  readonly displayName: string;
}

/** Records what a budget in dry_run would have cut: once in each window and step. */
export interface RehearseCut {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** Whose quotas would be cut, as <organization>/<project>. */
  readonly project: string;
  /** The applications whose quotas would be cut. */
  readonly applications: readonly string[];
  /** Start of the budget's window, inclusive. */
  readonly windowStart: bigint;
  /** End of the budget's window, exclusive. */
  readonly windowEnd: bigint;
  /** The step of the tier policy, counted from 0; -1: none, so that a cut would have been lifted. */
  readonly step: number;
  /** How many quotas would be cut. */
  readonly quotas: number;
  /** Actual spend in the window so far, an exact decimal. */
  readonly spend: string;
  /** The budget's amount, an exact decimal. */
  readonly budget: string;
  /** ISO 4217. */
  readonly currency: string;
  /** How far spend is over the budget. */
  readonly overrunBasisPoints: number;
  /** The tier policy that would be applied. */
  readonly tierPolicy: string;
  /** Its version. */
  readonly tierPolicyVersion: bigint;
  /** Five numbers, tier 0 to 4: the cut of the maximum in basis points. */
  readonly cutBasisPoints: readonly number[];
  /** Five numbers, tier 0 to 4: what would be left at least, in basis points of the uncut maximum. */
  readonly floorBasisPoints: readonly number[];
  /** Five numbers, tier 0 to 4: only quotas of the tier whose cut priority is at least as much would be cut; empty: all of them. */
  readonly priorityMin: readonly number[];
  /** The usage that became the spend. */
  readonly evidence: Evidence;
}

/** Declines a proposal. */
export interface RejectProposal {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The proposal. */
  readonly proposalId: string;
}

/** Asks for more: it waits for somebody who may raise the quota. The outcome's result is the proposal's id. */
export interface RequestIncrease {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The limits asked for; the others stay. */
  readonly limits: readonly ResourceLimit[];
  /** Resources whose limit should fall away, so that they inherit. */
  readonly unsetLimits: readonly string[];
}

/** Sets the rightsized layer of one resource; the application says whether this waits for approval. */
export interface ResizeQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The limit proposed. */
  readonly limit: ResourceLimit;
  /** Why. */
  readonly evidence: Evidence;
}

/** Lets the content of an earlier version hold again. The content comes with the command: only hashes of the last versions are kept where it is decided. */
export interface RestoreQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The version whose content is to hold again; of one that changed no content, what held then. */
  readonly version: bigint;
  /** What that version declared, all of it; it must have the version's hash. Owner and project stay as they are now. */
  readonly content: QuotaContent;
}

/** Ends a suspension before its time; an override that is none is left alone. */
export interface ResumeQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
}

/** Lets a paused rollout go on; its stage bakes anew. */
export interface ResumeRollout {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
}

/** Ends a budget from which nothing is allocated. Cuts that it made are lifted. */
export interface RetireBudget {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
}

/** Ends a project that has neither budgets nor allocations. */
export interface RetireProject {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The project, as <organization>/<project>. */
  readonly project: string;
}

/** Ends a team that has neither budgets nor teams nor projects. */
export interface RetireTeam {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The team, unique within the organization. */
  readonly teamId: string;
}

/** Ends a rollout: all hosts enforce what is declared. */
export interface RollBackRollout {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
  /** What hosts reported; null: nobody measured. */
  readonly evidence: null | RolloutEvidence;
}

/** Sets how much of a resource a project may hold in quotas. */
export interface SetEntitlement {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** Who holds it, as <organization>/<project>. */
  readonly project: string;
  /** The application's resource. */
  readonly resource: string;
  /** amount: see amount. */
  readonly bound: Bound;
  /** How much the project's quotas may sum to, base units (a rate: per second). */
  readonly amount: bigint;
  /** The allocation that it comes from; null: it was set by hand. */
  readonly source: null | EntitlementSource;
}

/** Brings a change of quotas to hosts in stages. What is declared stays until the promotion; the change is judged in full now, and again then. */
export interface StartRollout {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** What changes: steps of change or restore, at most 100. */
  readonly steps: readonly TreeStep[];
  /** At most 10, the first begins at once. Each includes those before it; promotion reaches all hosts. */
  readonly stages: readonly RolloutStage[];
  /** What hosts must report; null: the bake times alone decide. */
  readonly gate: null | RolloutGate;
}

/** Blocks every resource of a quota until it is resumed or a known end comes. */
export interface SuspendQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** When it ends by itself; null: as late as an override may end. */
  readonly until: null | bigint;
}

/** Hands a quota to another owner or another payer. */
export interface TransferQuota {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The group that owns it from now on; null: as it is. */
  readonly owner: null | string;
  /** Who pays from now on for it and all below, as <organization>/<project>; null: as it is. */
  readonly project: null | string;
}

/** Takes a credit back as a whole. */
export interface WithdrawCredit {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The credit, unique within the organization. */
  readonly creditId: string;
}

/** Takes back an open proposal of one's own. */
export interface WithdrawProposal {
  /** What every command carries. */
  readonly envelope: CommandEnvelope;
  /** The proposal. */
  readonly proposalId: string;
}

/** An application has answered an allocation. */
export interface AllocationCompleted {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The project, as <organization>/<project>. */
  readonly project: string;
  /** The application. */
  readonly application: string;
  /** The application's resource. */
  readonly resource: string;
  /** The number of the allocation that was answered. */
  readonly allocation: bigint;
  /** What the application answered. */
  readonly answer: ProcessAnswer;
  /** refused: the stable code. */
  readonly code: null | string;
  /** refused: what the application said, for people. */
  readonly detail: null | string;
}

/** An application was registered, or its registration changed. */
export interface ApplicationRegistered {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** A name for people. */
  readonly displayName: string;
  /** Names of the tree's levels below the application, outermost first. */
  readonly levels: readonly string[];
  /** What it governs. */
  readonly resources: readonly ResourceDeclaration[];
  /** Mode of quotas that do not say. */
  readonly defaultMode: EnforcementMode;
  /** Stale behaviour of quotas that do not say. */
  readonly defaultOnStale: StalePolicy;
  /** Whether a robot's resize applies itself or waits for approval. */
  readonly robotChanges: ApprovalPolicy;
  /** How long a proposal waits before it expires, microseconds. */
  readonly proposalLifetimeMicros: bigint;
  /** JSON Schema 2020-12 that every quota's attributes satisfy; null: any object. */
  readonly attributesSchema: null | string;
  /** Rules of the application's own. */
  readonly rules: readonly ValidationRule[];
  /** Services that are asked before a command is let in. */
  readonly validators: readonly RemoteValidator[];
  /** Bounds of the rightsizer for resources that a quota gives none for. */
  readonly rightsizing: readonly RightsizeBounds[];
  /** How far one change may go without somebody else. */
  readonly changePolicy: ChangePolicy;
  /** Targets that its limits are written to, beside hosts. */
  readonly dispatchers: readonly Dispatcher[];
  /** The registration's own version, 1 for the first; 0 in events older than this field. */
  readonly version: bigint;
  /** What a registration reaches beside itself. 0, in events older than this field: nothing; 1: its bounds hold for quotas without their own, and live suspensions block what it declares. */
  readonly meaningVersion: number;
  /** How a robot's resize that applies itself reaches hosts; null: all at once. Limits of the whole fleet and capacities hold at once in any case. */
  readonly robotRollout: null | RobotRollout;
}

/** A budget was defined or changed. */
export interface BudgetDefined {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** Whose spend it bounds, as <organization>/<project>; empty where it is a team's, or the whole organization's. */
  readonly project: string;
  /** Money per window, an exact decimal. */
  readonly amount: string;
  /** ISO 4217; it must be the price book's. */
  readonly currency: string;
  /** The time it is for. */
  readonly window: BudgetWindow;
  /** The price book that turns usage into money. */
  readonly priceBook: string;
  /** The tier policy that turns overrun into cuts. */
  readonly tierPolicy: string;
  /** The budget's version, 1 for the first. */
  readonly version: bigint;
  /** The team whose projects' spend it bounds; null where a project is named, or where it is the whole organization's. */
  readonly team: null | string;
  /** Whether it cuts: budgets defined before there were modes do. */
  readonly mode: BudgetMode;
  /** Where its owner is told: actual before forecast, the lowest first. */
  readonly thresholds: readonly BudgetThreshold[];
  /** What part of its money each resource may be given as entitlement, by application and resource. */
  readonly split: readonly BudgetShare[];
}

/** A person keeps a budget from cutting until a moment. */
export interface BudgetOverridden {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** When it ends by itself. */
  readonly until: bigint;
}

/** A person ended a budget's override before its time. */
export interface BudgetOverrideLifted {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
}

/** A budget ended. */
export interface BudgetRetired {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
}

/** A budget crossed one of its thresholds. It cuts nothing. */
export interface BudgetThresholdCrossed {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** Start of the budget's window, inclusive. */
  readonly windowStart: bigint;
  /** End of the budget's window, exclusive. */
  readonly windowEnd: bigint;
  /** What is compared with the budget. */
  readonly basis: ThresholdBasis;
  /** The threshold, in basis points of the budget. */
  readonly basisPoints: number;
  /** up: it was reached; down: it is no longer. */
  readonly direction: ThresholdDirection;
  /** Actual spend in the window so far, an exact decimal. */
  readonly spend: string;
  /** The budget's amount, with what was credited to it, an exact decimal. */
  readonly budget: string;
  /** ISO 4217. */
  readonly currency: string;
  /** What the whole window is expected to cost, an exact decimal; null: there is no forecast. */
  readonly forecast: null | string;
  /** Lower end of its interval of 80 %, an exact decimal; null: there is no forecast. */
  readonly low: null | string;
  /** Upper end of its interval of 80 %, an exact decimal; null: there is no forecast. */
  readonly high: null | string;
  /** The chance that the window costs more than the budget, in basis points; null: there is no forecast. */
  readonly chanceBasisPoints: null | number;
  /** The usage that became the spend, and what the forecast was made of. */
  readonly evidence: Evidence;
}

/** What an event answers. */
export type CauseKind = 'command' | 'timer';

/** A change of limits waits for approval. */
export interface ChangeProposed {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** Named after the stream's version. */
  readonly proposalId: string;
  /** The limits that it would set, sorted by resource. */
  readonly limits: readonly ResourceLimit[];
  /** The resources whose limits it would unset, sorted. */
  readonly unsetLimits: readonly string[];
  /** What a resize was computed from; null: a change of the base limits. */
  readonly evidence: null | Evidence;
  /** Why it waits. */
  readonly origin: ProposalOrigin;
  /** When it expires by itself. */
  readonly expiresAt: bigint;
}

/** Money was granted to a project or to the organization. */
export interface CreditGranted {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The credit, unique within the organization. */
  readonly creditId: string;
  /** Whom it is for, as <organization>/<project>; null: the organization as a whole. */
  readonly project: null | string;
  /** The price book whose charges it lessens. */
  readonly priceBook: string;
  /** Money, an exact decimal above 0: the ledger has a line of minus as much. */
  readonly amount: string;
  /** ISO 4217; it must be the price book's. */
  readonly currency: string;
  /** When it counts: the moment of its line. */
  readonly at: bigint;
}

/** A credit was taken back as a whole. What it changes of a closed period becomes a line of correction. */
export interface CreditWithdrawn {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The credit, unique within the organization. */
  readonly creditId: string;
  /** Whom it is for, as <organization>/<project>; null: the organization as a whole. */
  readonly project: null | string;
  /** The price book whose charges it lessens. */
  readonly priceBook: string;
  /** Money, an exact decimal above 0: the ledger has a line of minus as much. */
  readonly amount: string;
  /** ISO 4217; it must be the price book's. */
  readonly currency: string;
  /** When it counts: the moment of its line. */
  readonly at: bigint;
  /** The version of the stream at which it was granted. */
  readonly grantedVersion: bigint;
}

/** An application has answered a cut. */
export interface CutCompleted {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** The cut that was answered. */
  readonly cutId: bigint;
  /** The application. */
  readonly application: string;
  /** What the application answered. */
  readonly answer: ProcessAnswer;
  /** refused: the stable code. */
  readonly code: null | string;
  /** refused: what the application said, for people. */
  readonly detail: null | string;
}

/** The application carries out a cut of a budget, or its lift, from now on: what is older than that is refused. */
export interface CutFollowed {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** Whose quotas are cut, as <organization>/<project>. */
  readonly project: string;
  /** The budget. */
  readonly budgetId: string;
  /** The cut, of the organization's stream; later ones are larger. */
  readonly cutId: bigint;
  /** Whether a person lifted it by hand: its own pages are refused, too. */
  readonly isEnded: boolean;
}

/** A budget's cut is to be applied or lifted in some applications, which have yet to answer. */
export interface CutIntended {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** Whose quotas are cut, as <organization>/<project>. */
  readonly project: string;
  /** The applications whose quotas are to be cut. */
  readonly applications: readonly string[];
  /** Why the budget's cut is to be lifted; null: it is to be applied. */
  readonly lift: null | HaircutLiftCause;
  /** Start of the budget's window, inclusive. */
  readonly windowStart: bigint;
  /** End of the budget's window, exclusive: the cut lifts there. */
  readonly windowEnd: bigint;
  /** Actual spend in the window so far, an exact decimal. */
  readonly spend: string;
  /** The budget's amount, an exact decimal. */
  readonly budget: string;
  /** ISO 4217. */
  readonly currency: string;
  /** How far spend is over the budget; 0 where the cut is lifted. */
  readonly overrunBasisPoints: number;
  /** The tier policy applied. */
  readonly tierPolicy: string;
  /** Its version. */
  readonly tierPolicyVersion: bigint;
  /** Five numbers, tier 0 to 4: the cut of the maximum in basis points; all 0 where the cut is lifted. */
  readonly cutBasisPoints: readonly number[];
  /** Five numbers, tier 0 to 4: what is left at least, in basis points of the uncut maximum. */
  readonly floorBasisPoints: readonly number[];
  /** The usage that became the spend, in full: the cuts themselves refer to it. */
  readonly evidence: Evidence;
  /** The cut, unique within the organization: the stream's version at this event. */
  readonly cutId: bigint;
  /** Five numbers, tier 0 to 4: only quotas of the tier whose cut priority is at least as much are cut, the others are left as they are; empty: all of them. */
  readonly priorityMin: readonly number[];
}

/** A budget in dry_run would have cut. Nothing was cut. */
export interface CutRehearsed {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** Whose quotas would be cut, as <organization>/<project>. */
  readonly project: string;
  /** The applications whose quotas would be cut. */
  readonly applications: readonly string[];
  /** Start of the budget's window, inclusive. */
  readonly windowStart: bigint;
  /** End of the budget's window, exclusive. */
  readonly windowEnd: bigint;
  /** The step of the tier policy, counted from 0; -1: none, so that a cut would have been lifted. */
  readonly step: number;
  /** How many quotas would be cut. */
  readonly quotas: number;
  /** Actual spend in the window so far, an exact decimal. */
  readonly spend: string;
  /** The budget's amount, an exact decimal. */
  readonly budget: string;
  /** ISO 4217. */
  readonly currency: string;
  /** How far spend is over the budget. */
  readonly overrunBasisPoints: number;
  /** The tier policy that would be applied. */
  readonly tierPolicy: string;
  /** Its version. */
  readonly tierPolicyVersion: bigint;
  /** Five numbers, tier 0 to 4: the cut of the maximum in basis points. */
  readonly cutBasisPoints: readonly number[];
  /** Five numbers, tier 0 to 4: what would be left at least, in basis points of the uncut maximum. */
  readonly floorBasisPoints: readonly number[];
  /** Five numbers, tier 0 to 4: only quotas of the tier whose cut priority is at least as much would be cut; empty: all of them. */
  readonly priorityMin: readonly number[];
  /** The usage that became the spend. */
  readonly evidence: Evidence;
}

/** A budget is to pay for an entitlement: the intent, which the application has yet to answer. */
export interface EntitlementAllocated {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget, unique within the organization. */
  readonly budgetId: string;
  /** The project, as <organization>/<project>. */
  readonly project: string;
  /** The application. */
  readonly application: string;
  /** The application's resource. */
  readonly resource: string;
  /** amount: see amount. blocked: nothing, which releases what the budget pays for. */
  readonly bound: Bound;
  /** How much the project's quotas may sum to, base units (a rate: per second). */
  readonly amount: bigint;
  /** What a unit costs; null only where nothing is allocated. */
  readonly unitCost: null | UnitCost;
  /** What it costs over one window of the budget, an exact decimal, rounded up to 12 places. */
  readonly cost: string;
  /** The allocation's number, unique within the organization: the stream's version at this event. */
  readonly version: bigint;
}

/** A project may hold this much of a resource in quotas. */
export interface EntitlementSet {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** Who holds it, as <organization>/<project>. */
  readonly project: string;
  /** The application's resource. */
  readonly resource: string;
  /** amount: see amount. */
  readonly bound: Bound;
  /** How much the project's quotas may sum to, base units (a rate: per second). */
  readonly amount: bigint;
  /** The allocation that it comes from; null: it was set by hand. */
  readonly source: null | EntitlementSource;
}

/** What every event carries: one envelope for all. */
export interface EventEnvelope {
  /** A UUID derived from stream and stream version. */
  readonly eventId: string;
  /** The stream; also the record's key. */
  readonly stream: string;
  /** 1 for the first event of the stream, without gaps. */
  readonly streamVersion: bigint;
  /** The quota it is about, if one. */
  readonly quotaId: null | string;
  /** That quota's version after the event. */
  readonly quotaVersion: null | bigint;
  /** Whether a command or a timer caused it. */
  readonly cause: CauseKind;
  /** command: the command's id. */
  readonly commandId: null | string;
  /** command: its offset in the partition of quota.commands with this partition's number. */
  readonly commandOffset: null | bigint;
  /** timer: the name of the due time. */
  readonly timer: null | string;
  /** Who caused it; of a timer, who set it. */
  readonly actor: Actor;
  /** Decision time; never before the stream's last. */
  readonly decidedAt: bigint;
  /** The sender's words. */
  readonly reason: string;
  /** SHA-256 of the canonical bytes of the stream's event before this; 32 zero bytes for the first. */
  readonly previousHash: Sha256;
  /** Safety checks that would have refused it and were waived. */
  readonly waivers: readonly Waiver[];
  /** Answers of remote validators that it was decided with. */
  readonly attestations: readonly Attestation[];
  /** The proposal that was approved by it; null: none was. */
  readonly approved: null | ApprovedProposal;
}

/** A budget's cut lies on one quota. */
export interface HaircutApplied {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** Whose quotas are cut, as <organization>/<project>. */
  readonly project: string;
  /** The budget that is overspent. */
  readonly budgetId: string;
  /** Start of the budget's window, inclusive. */
  readonly windowStart: bigint;
  /** End of the budget's window, exclusive: the cut lifts there. */
  readonly windowEnd: bigint;
  /** Actual spend in the window so far, an exact decimal. */
  readonly spend: string;
  /** The budget's amount, an exact decimal. */
  readonly budget: string;
  /** ISO 4217. */
  readonly currency: string;
  /** How far spend is over the budget. */
  readonly overrunBasisPoints: number;
  /** The tier policy applied. */
  readonly tierPolicy: string;
  /** Its version. */
  readonly tierPolicyVersion: bigint;
  /** The cut of the maximum, in basis points of what lies under it. */
  readonly cutBasisPoints: number;
  /** What is left at least, in basis points of what lies under it. */
  readonly floorBasisPoints: number;
  /** The usage that became the spend. */
  readonly evidence: Evidence;
}

/** A budget's cut no longer lies on one quota. */
export interface HaircutLifted {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The budget. */
  readonly budgetId: string;
  /** Why. */
  readonly cause: HaircutLiftCause;
  /** Actual spend then, an exact decimal. */
  readonly spend: string;
  /** The budget's amount then, an exact decimal. */
  readonly budget: string;
}

/** The writer of a partition vouches for all that stands in it before this event: a root over the heads of its streams, signed. Its stream is anchor:<partition>, whose partition is that number and no hash. */
export interface HeadsAnchored {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** Root of the hash tree over the heads of all streams of the partition but its anchors, in the order of their first events. */
  readonly root: Sha256;
  /** Leaves of the tree: streams of the partition, its anchors apart. */
  readonly streams: bigint;
  /** Events of those streams, the sum of their versions. */
  readonly events: bigint;
  /** The heads of streams that have gone on since an anchor last named them; at most 1,000, the others follow with the next. */
  readonly heads: readonly AnchoredHead[];
  /** The key of the signature. */
  readonly keyId: string;
  /** Ed25519 over `prorata anchor 1`, a line feed and the canonical bytes of this record with an empty signature. */
  readonly signature: Uint8Array;
}

/** An organization was registered or renamed. */
export interface OrganizationRegistered {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** What people call it. */
  readonly displayName: string;
  /** The organization's version, 1 for the first. */
  readonly version: bigint;
}

/** How an override ended. */
export type OverrideEnd = 'expired' | 'lifted';

/** A period of a price book was closed: what changes of it afterwards becomes new lines. */
export interface PeriodClosed {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The price book by which usage was charged. */
  readonly priceBook: string;
  /** Its version. */
  readonly priceBookVersion: bigint;
  /** Its currency, ISO 4217. */
  readonly currency: string;
  /** Start of the period, inclusive. */
  readonly periodStart: bigint;
  /** End of the period, exclusive. */
  readonly periodEnd: bigint;
  /** The version of the organization's stream whose credits the lines know. */
  readonly organizationVersion: bigint;
  /** What of the usage table the lines know; a source that is not named had no row of the period. */
  readonly positions: readonly UsagePosition[];
  /** How many lines the period has. */
  readonly lines: bigint;
  /** The sum of the lines, an exact decimal. */
  readonly total: string;
  /** SHA-256 of the lines, in the order and the form that docs/reference/charges.md gives. */
  readonly linesSha256: Sha256;
}

/** A price book's next version was published. */
export interface PriceBookDefined {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** ISO 4217; one per book, for ever. */
  readonly currency: string;
  /** All prices of the book, earlier ones included. */
  readonly prices: readonly Price[];
  /** Its version, 1 for the first. */
  readonly version: bigint;
  /** The IANA time zone of its charge days and of its periods, which are calendar months; one per book, for ever. */
  readonly timeZone: string;
  /** How long after its end a period may be closed at the earliest, microseconds: what arrives later becomes lines of correction. */
  readonly closeAfterMicros: bigint;
  /** What projects pay for together, all entries of the book, earlier ones included. */
  readonly sharedCosts: readonly SharedCost[];
  /** What is charged that stood ready and nobody used, all rules of the book, earlier ones included. */
  readonly idle: readonly IdleRule[];
}

/** A project was defined, changed or moved. */
export interface ProjectDefined {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The project, as <organization>/<project>. */
  readonly project: string;
  /** The team that it belongs to; null: the organization itself. */
  readonly team: null | string;
  /** The group of the identity provider that owns it. */
  readonly owner: string;
  /** What people call it. */
  readonly displayName: string;
  /** The project's version, 1 for the first. */
  readonly version: bigint;
}

/** A project ended. */
export interface ProjectRetired {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The project, as <organization>/<project>. */
  readonly project: string;
}

/** A proposal was accepted. */
export interface ProposalApproved {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The proposal. */
  readonly proposalId: string;
}

/** A proposal was neither accepted nor declined in time. */
export interface ProposalExpired {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The proposal. */
  readonly proposalId: string;
}

/** A resize waits for approval. */
export interface ProposalOpened {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The proposal. */
  readonly proposalId: string;
  /** The limit proposed. */
  readonly limit: ResourceLimit;
  /** Why. */
  readonly evidence: Evidence;
  /** When it expires by itself. */
  readonly expiresAt: bigint;
}

/** Why a change waits: a robot sent it, it is above the application's threshold, or somebody asks for more. */
export type ProposalOrigin = 'robot' | 'threshold' | 'request';

/** A proposal was declined. */
export interface ProposalRejected {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The proposal. */
  readonly proposalId: string;
}

/** An open proposal was taken back by its proposer. */
export interface ProposalWithdrawn {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The proposal. */
  readonly proposalId: string;
}

/** What a quota's owner declares has changed. */
export interface QuotaChanged {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** All that holds now. */
  readonly content: QuotaContent;
  /** SHA-256 of the content's canonical form in lower-case hex (docs/reference/content-hash.md), which a restored version is checked against; null: the event is from before there was one. */
  readonly contentHash: null | string;
}

/** A quota was created. */
export interface QuotaCreated {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** What its owner declared. */
  readonly content: QuotaContent;
  /** SHA-256 of the content's canonical form in lower-case hex (docs/reference/content-hash.md), which a restored version is checked against; null: the event is from before there was one. */
  readonly contentHash: null | string;
}

/** A quota was deleted. */
export interface QuotaDeleted {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
}

/** A quota, with all below it, has another path; layers, overrides and open proposals went along. The envelope names the path it had. */
export interface QuotaMoved {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** Its new path, the new parent's first: moka/dev/ads. */
  readonly toQuotaId: string;
}

/** Limits stand above every other layer until a known end. */
export interface QuotaOverridden {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The limits in force meanwhile. */
  readonly limits: readonly ResourceLimit[];
  /** When it ends by itself. */
  readonly until: bigint;
  /** Whether it blocks every resource that the application declares, as a suspension does. */
  readonly suspension: boolean;
  /** Whether an override that was still live ended by it. */
  readonly replacesOverride: boolean;
}

/** An override has ended; what lies under it holds again. */
export interface QuotaOverrideEnded {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** How it ended. */
  readonly end: OverrideEnd;
}

/** The rightsized layer of a resource was set. */
export interface QuotaResized {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The limit. */
  readonly limit: ResourceLimit;
  /** Why. */
  readonly evidence: Evidence;
  /** The proposal it was, if it waited for approval. */
  readonly proposalId: null | string;
}

/** What a quota's owner declared in an earlier version holds again; who owns it and who pays stayed as they were. */
export interface QuotaRestored {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The version of the quota whose content it was. */
  readonly fromVersion: bigint;
  /** All that holds now. */
  readonly content: QuotaContent;
  /** SHA-256 of the content's canonical form in lower-case hex (docs/reference/content-hash.md), which a restored version is checked against; null: the event is from before there was one. */
  readonly contentHash: null | string;
}

/** A quota has another owner or another payer. */
export interface QuotaTransferred {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The group that owns it from now on. */
  readonly owner: string;
  /** Who pays from now on, as the quota itself says; null: inherited. */
  readonly project: null | string;
  /** The group that owned it. */
  readonly formerOwner: string;
  /** Who paid, as the quota itself said. */
  readonly formerProject: null | string;
}

/** What the rightsizer would have changed under a policy, which changed nothing yet. */
export interface RightsizingRehearsed {
  /** What every event carries; it names no quota. */
  readonly envelope: EventEnvelope;
  /** The name of the policy. */
  readonly policy: string;
  /** Its version. */
  readonly policyVersion: bigint;
  /** The version of the usage table that was looked at. */
  readonly tableVersion: bigint;
  /** Limits that it would have raised. */
  readonly wouldRaise: number;
  /** Limits that it would have lowered. */
  readonly wouldLower: number;
  /** Limits that it would have left alone, by the code of why. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Some of what it would have changed, at most 50. */
  readonly examples: readonly RehearsedResize[];
  /** What it was computed from. */
  readonly evidence: Evidence;
}

/** A rollout reaches its next stage. */
export interface RolloutAdvanced {
  /** What every event carries; it names no quota. */
  readonly envelope: EventEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
  /** The stage that begins, counted from 0. */
  readonly stage: number;
  /** The quotas of the rollout. */
  readonly quotaIds: readonly string[];
  /** What led to it. */
  readonly cause: RolloutCause;
  /** What hosts reported; null: nobody measured. */
  readonly evidence: null | RolloutEvidence;
}

/** A rollout stays at its stage. */
export interface RolloutPaused {
  /** What every event carries; it names no quota. */
  readonly envelope: EventEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
  /** What led to it. */
  readonly cause: RolloutCause;
}

/** A rollout has reached all hosts: the changes follow in the same decision. */
export interface RolloutPromoted {
  /** What every event carries; it names no quota. */
  readonly envelope: EventEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
  /** The quotas of the rollout. */
  readonly quotaIds: readonly string[];
  /** What led to it. */
  readonly cause: RolloutCause;
  /** What hosts reported; null: nobody measured. */
  readonly evidence: null | RolloutEvidence;
}

/** A rollout goes on; its stage bakes anew. */
export interface RolloutResumed {
  /** What every event carries; it names no quota. */
  readonly envelope: EventEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
  /** What led to it. */
  readonly cause: RolloutCause;
}

/** A rollout is over: all hosts enforce what is declared. */
export interface RolloutRolledBack {
  /** What every event carries; it names no quota. */
  readonly envelope: EventEnvelope;
  /** The rollout. */
  readonly rolloutId: string;
  /** The quotas of the rollout. */
  readonly quotaIds: readonly string[];
  /** What led to it. */
  readonly cause: RolloutCause;
  /** What hosts reported; null: nobody measured. */
  readonly evidence: null | RolloutEvidence;
}

/** A change of quotas is brought to hosts in stages, the first of which begins. */
export interface RolloutStarted {
  /** What every event carries; it names no quota. */
  readonly envelope: EventEnvelope;
  /** Named after the stream's version: moka-r7. */
  readonly rolloutId: string;
  /** The nearest quota, or the application, at or above all that it changes. */
  readonly place: string;
  /** What it changes, as it was sent: promotion takes them anew. */
  readonly steps: readonly TreeStep[];
  /** What the quotas would declare by them. */
  readonly candidates: readonly RolloutCandidate[];
  /** The stages. */
  readonly stages: readonly RolloutStage[];
  /** What hosts must report; null: the bake times alone decide. */
  readonly gate: null | RolloutGate;
}

/** A team was defined, changed or moved. */
export interface TeamDefined {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The team, unique within the organization. */
  readonly teamId: string;
  /** The team above; null: the organization itself. */
  readonly parent: null | string;
  /** The group of the identity provider that owns it. */
  readonly owner: string;
  /** What people call it. */
  readonly displayName: string;
  /** The team's version, 1 for the first. */
  readonly version: bigint;
}

/** A team ended. */
export interface TeamRetired {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** The team, unique within the organization. */
  readonly teamId: string;
}

/** A tier policy's next version was published. */
export interface TierPolicyPublished {
  /** What every event carries. */
  readonly envelope: EventEnvelope;
  /** Steps by rising overrun. */
  readonly steps: readonly TierPolicyStep[];
  /** Five numbers, tier 0 to 4: what a cut leaves at least, in basis points. */
  readonly floorBasisPoints: readonly number[];
  /** Its version, 1 for the first. */
  readonly version: bigint;
}

/** A change that is more than the limits of one quota waits for approval. */
export interface TreeChangeProposed {
  /** What every event carries; it names no quota. */
  readonly envelope: EventEnvelope;
  /** Named after the stream's version. */
  readonly proposalId: string;
  /** The nearest quota, or the application, at or above everything that it would change. */
  readonly place: string;
  /** What it would do, as it was sent. */
  readonly steps: readonly TreeStep[];
  /** Why it waits. */
  readonly origin: ProposalOrigin;
  /** When it expires by itself. */
  readonly expiresAt: bigint;
}

/** One host's share of a fleet-wide limit, until a moment. A host that has none, or whose last one is over, uses its safe share. */
export interface Lease {
  /** The application. */
  readonly application: string;
  /** The quota whose limit is shared. */
  readonly quotaId: string;
  /** The resource that is limited. */
  readonly resource: string;
  /** The class of the limit, and so the unit of share and limit. */
  readonly kind: LimitKind;
  /** The host. */
  readonly hostId: string;
  /** The start of the host that the share is for: another one has used nothing of it. */
  readonly bootId: string;
  /** Rises with every lease of the limit; an older one is not taken after a newer. */
  readonly sequence: bigint;
  /** rate: micro-units a second. concurrency: permits. consumable: what this start of the host may have used of the window in all. */
  readonly share: bigint;
  /** The whole limit, in the same unit. */
  readonly limit: bigint;
  /** How many hosts share it: without a lease each uses the limit divided by them, where no safe share is declared. */
  readonly hosts: number;
  /** When, by the relay's clock. */
  readonly grantedAt: bigint;
  /** When it is over, by any clock. */
  readonly until: bigint;
  /** consumable: the end of the window that the share is of; null for other kinds. */
  readonly windowEnd: null | bigint;
}

/** The one answer to a command. */
export interface CommandOutcome {
  /** The command's id. */
  readonly commandId: string;
  /** Its type, such as CreateQuota; empty when it could not be read. */
  readonly commandType: string;
  /** The stream that decided. */
  readonly stream: string;
  /** Who sent it; null when it could not be read. */
  readonly actor: null | Actor;
  /** SHA-256 over type and body, for refusing the same id with another body. */
  readonly bodyHash: Sha256;
  /** The offset that this record answers, in the partition of quota.commands with this partition's number. */
  readonly commandOffset: bigint;
  /** A duplicate: the offset that was decided first; null: this one. */
  readonly firstOffset: null | bigint;
  /** Accepted or refused. */
  readonly status: OutcomeStatus;
  /** A stable code: ACCEPTED, PROPOSED when it waits for approval, or why it was refused. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** Every failed check. */
  readonly violations: readonly Violation[];
  /** No event was written, whatever the status. */
  readonly dryRun: boolean;
  /** The stream's version after the command. */
  readonly streamVersion: bigint;
  /** The quota it was about; of a ChangeTree the last one that changed. */
  readonly quotaId: null | string;
  /** That quota's version after the command. */
  readonly quotaVersion: null | bigint;
  /** The events it became; of a dry run, none. */
  readonly eventIds: readonly string[];
  /** What the command made, such as a proposal's id. */
  readonly result: null | string;
  /** Decision time. */
  readonly decidedAt: bigint;
  /** Of a dry run: what would be in force afterwards, the command's own quota first, then the tree; bounded. */
  readonly preview: readonly LimitChange[];
  /** Of a dry run: what the quotas that the command changes would declare otherwise, and what hides it; bounded. */
  readonly declared: readonly DeclaredChange[];
  /** Of a dry run: how far the quotas above and around the change would be given out more than once, where that differs; bounded. */
  readonly oversubscription: readonly OversubscriptionChange[];
  /** How many changes preview and declared leave out, and quotas that the preview did not look at. */
  readonly previewOmitted: number;
  /** Why, in the sender's own words; empty when it could not be read. */
  readonly reason: string;
}

/** What became of a command. */
export type OutcomeStatus = 'accepted' | 'refused';

/** One failed check. */
export interface Violation {
  /** A stable code from the table of codes. */
  readonly code: string;
  /** Where in the command, as a JSON pointer, or empty. */
  readonly path: string;
  /** What is wrong and what to change, for people. */
  readonly message: string;
}

/** What a host wants of fleet-wide limits: sent when it changes by a fifth, at a refusal, when another lease was taken, and when a third of a lease's life is over. */
export interface DemandReport {
  /** The host. */
  readonly hostId: string;
  /** A UUID of this start of the host. */
  readonly bootId: string;
  /** The application. */
  readonly application: string;
  /** By how much more than another host it counts where all want more than there is, 1 to 1,000. */
  readonly weight: number;
  /** When this was sent, by the host's clock. */
  readonly reportedAt: bigint;
  /** One entry a fleet-wide limit. */
  readonly demands: readonly LimitDemand[];
}

/** How a host fares, counted since its start: what a report that is lost would have told, the next one tells. */
export interface HostHealth {
  /** Decisions. */
  readonly decisions: bigint;
  /** Refusals among them, and what was put off. */
  readonly refused: bigint;
  /** Requests that the application told of. */
  readonly requests: bigint;
  /** Errors among them. */
  readonly errors: bigint;
  /** Their latencies, buckets that hold any; at most 256. */
  readonly latency: readonly LatencyCount[];
}

/** What a host runs under: sent at a change and as a heartbeat. */
export interface HostReport {
  /** The host. */
  readonly hostId: string;
  /** A UUID of this start of the host. */
  readonly bootId: string;
  /** The application. */
  readonly application: string;
  /** The SDK's version. */
  readonly sdkVersion: string;
  /** Where the rules in force came from. */
  readonly source: RuleSource;
  /** How many rules are in force. */
  readonly rules: number;
  /** The event offset of the newest rule applied; -1: none. */
  readonly appliedOffset: bigint;
  /** When it was applied, by the host's clock. */
  readonly appliedAt: bigint;
  /** When this was sent, by the host's clock. */
  readonly reportedAt: bigint;
  /** Where the host runs, as its operator names it; null: it does not say. */
  readonly zone: null | string;
  /** The number of the report since the start of the host, from 0: a later one counts. 0 throughout: the SDK does not say. */
  readonly sequence: bigint;
  /** Quotas whose newest rule could not be taken; the last good one, if there is any, is in force. */
  readonly rejectedRules: number;
  /** After so many milliseconds the next report comes at the latest. */
  readonly intervalMs: number;
  /** The rollouts that its rules are part of. */
  readonly rollouts: readonly HostRollout[];
  /** How it fares; null: it does not say. */
  readonly health: null | HostHealth;
  /** Its last: it is being stopped, and no report is missing after it. */
  readonly leaving: boolean;
}

/** A rollout as a host knows it. */
export interface HostRollout {
  /** The rollout. */
  readonly rolloutId: string;
  /** Its stage, counted from 0. */
  readonly stage: number;
  /** Whether the host enforces the candidate. */
  readonly isCandidate: boolean;
}

/** How many latencies fell into one bucket of a histogram. */
export interface LatencyCount {
  /** The bucket: of b below 8, b microseconds; of others the latencies from (8 + b mod 8) * 2^(b div 8 - 1) on, up to where b + 1 begins. */
  readonly bucket: number;
  /** How many. */
  readonly count: bigint;
}

/** What a host used and wanted of one fleet-wide limit since its last report. Amounts are in the resource's base unit. */
export interface LimitDemand {
  /** The quota whose limit is shared. */
  readonly quotaId: string;
  /** The resource that is limited. */
  readonly resource: string;
  /** What was let through; concurrency: the most permits at once. */
  readonly used: bigint;
  /** What was refused for want of room under this limit. */
  readonly refused: bigint;
  /** The time since the last report, in microseconds. */
  readonly intervalMicros: bigint;
  /** concurrency: permits out now. consumable: what was used in the window. 0 for a rate. */
  readonly held: bigint;
  /** consumable: the end of the window that held is of; null for other kinds. */
  readonly windowEnd: null | bigint;
  /** The lease that the host acts on; null: none that holds. */
  readonly sequence: null | bigint;
  /** Its share; 0 without one. */
  readonly share: bigint;
  /** Its end; null without one. */
  readonly until: null | bigint;
}

/** Where a host's rules came from. */
export type RuleSource = 'kafka' | 'http' | 'disk';

/** What the relay has written to an application's topic of rules: sent at a change and as a heartbeat. */
export interface RulesDelivered {
  /** The application. */
  readonly application: string;
  /** How many rules the topic has. */
  readonly rules: number;
  /** The offset of the newest event that changed the rules, as the topic says it; -1: none. */
  readonly deliveredOffset: bigint;
  /** The newest event of the application's partition that the relay has looked at: what it changed is in the topic. */
  readonly accountedTo: bigint;
  /** When this was sent, by the relay's clock. */
  readonly reportedAt: bigint;
}

/** What a dispatcher brought to its target: sent at a change, and every minute at least. */
export interface TargetReport {
  /** The application. */
  readonly application: string;
  /** The dispatcher's name in the application's registration. */
  readonly dispatcher: string;
  /** What kind of target it is. */
  readonly kind: DispatcherKind;
  /** Where, as the registration says. */
  readonly target: string;
  /** applied: read back and as it should be. pending: not written yet. drifted: somebody else changed it. refused: the target, or the check before it, does not take it. unreachable: the target did not answer. */
  readonly state: TargetState;
  /** The offset of the newest event that the target should account for; -1: none. */
  readonly desiredOffset: bigint;
  /** The event up to which it was written; -1: never. */
  readonly deliveredOffset: bigint;
  /** The event up to which the target confirmed it, read back; -1: never. */
  readonly appliedOffset: bigint;
  /** SHA-256 in hexadecimal digits of the text last delivered; null: never. */
  readonly checksum: null | string;
  /** What hinders it, without secrets; null: nothing. */
  readonly problem: null | string;
  /** Since when it is in this state, by the dispatcher's clock. */
  readonly since: bigint;
  /** When this was sent, by the dispatcher's clock. */
  readonly reportedAt: bigint;
}

/** Whether a target holds what it should. */
export type TargetState = 'applied' | 'pending' | 'drifted' | 'refused' | 'unreachable';

/** What a host enforces for one quota. */
export interface Rule {
  /** The application. */
  readonly application: string;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The quota's version; an ancestor's change can alter the rule without it. */
  readonly quotaVersion: bigint;
  /** The offset of the event that led to this rule, in its partition of quota.events: rules are ordered by it. */
  readonly eventOffset: bigint;
  /** When that event was decided. */
  readonly decidedAt: bigint;
  /** The effective limits: layers applied, ancestors counted. */
  readonly limits: readonly ResourceLimit[];
  /** Which requests it is for; empty: those that name it. */
  readonly match: readonly MatchCondition[];
  /** What to do over the limit. */
  readonly action: ExceedAction;
  /** degrade: what to tell the application. */
  readonly degradeTag: null | string;
  /** Off, shadow or enforce. */
  readonly mode: EnforcementMode;
  /** What to do when rules are no longer confirmed. */
  readonly onStale: StalePolicy;
  /** 0 to 4, for shedding load. */
  readonly tier: number;
  /** Who pays. */
  readonly project: null | string;
  /** What holds after a known end. */
  readonly after: null | RuleAfter;
  /** How to tell requests apart; null: not at all, on all hosts. */
  readonly requests: null | RequestTerms;
  /** What some hosts enforce instead, during a rollout; null: there is none. */
  readonly candidate: null | RuleCandidate;
}

/** What holds after a known end, so that hosts need nobody to end an override. */
export interface RuleAfter {
  /** When. */
  readonly at: bigint;
  /** The limits that hold then. */
  readonly limits: readonly ResourceLimit[];
}

/** What some hosts enforce instead of the rule while a rollout is on. */
export interface RuleCandidate {
  /** The rollout. */
  readonly rolloutId: string;
  /** Its stage, counted from 0. */
  readonly stage: number;
  /** Which hosts take it: those of this stage and of all before it. */
  readonly selector: HostSelector;
  /** The effective limits. */
  readonly limits: readonly ResourceLimit[];
  /** Which requests it is for; empty: those that name it. */
  readonly match: readonly MatchCondition[];
  /** What to do over the limit. */
  readonly action: ExceedAction;
  /** degrade: what to tell the application. */
  readonly degradeTag: null | string;
  /** Off, shadow or enforce. */
  readonly mode: EnforcementMode;
  /** What to do when rules are no longer confirmed. */
  readonly onStale: StalePolicy;
  /** 0 to 4, for shedding load. */
  readonly tier: number;
  /** How to tell requests apart; null: not at all, on all hosts. */
  readonly requests: null | RequestTerms;
  /** The limits after the rule's known end; empty where it has none. */
  readonly afterLimits: readonly ResourceLimit[];
}

/** Written after an application's rules, under the key $complete, which is no quota id: what stands before it in the topic is all there is. */
export interface RuleSetComplete {
  /** The application. */
  readonly application: string;
  /** How many rules stand before it; a reader that finds another number has not got the whole set. */
  readonly rules: number;
  /** The offset of the newest event that changed the set, in its partition of quota.events: a rule of an older event that is not there is gone. */
  readonly eventOffset: bigint;
}

/** Written last: names what belongs to one run and where the log goes on. */
export interface SnapshotManifest {
  /** The partition. */
  readonly partition: number;
  /** The run. */
  readonly generation: bigint;
  /** The version of the state's form; another version is ignored. */
  readonly modelVersion: number;
  /** The first event not in the snapshot. */
  readonly eventsNextOffset: bigint;
  /** The first outcome not in the snapshot. */
  readonly outcomesNextOffset: bigint;
  /** The first command not decided in it. */
  readonly commandsNextOffset: bigint;
  /** All streams of the partition; the deciding memory of recent commands is the stream named "recent". */
  readonly streams: readonly SnapshotStream[];
}

/** A part of one stream's state. Deleting snapshots changes cost, never meaning. */
export interface StreamSnapshotChunk {
  /** The stream. */
  readonly stream: string;
  /** The snapshot run it belongs to. */
  readonly generation: bigint;
  /** Its number, from 0. */
  readonly chunk: number;
  /** How many there are. */
  readonly chunks: number;
  /** A part of the state as UTF-8 JSON. */
  readonly body: Uint8Array;
}

/** Who acted: an issuer and an opaque subject of it, no personal data. */
export interface Actor {
  /** The kind of principal. */
  readonly kind: ActorKind;
  /** The identity provider that vouches for the subject (the token's iss). */
  readonly issuer: string;
  /** The opaque subject at that issuer (the token's sub). */
  readonly subject: string;
}

/** Who acted: a person, a service, or a control loop. */
export type ActorKind = 'user' | 'service' | 'robot';

/** The last event of a stream at the moment of an anchor. */
export interface AnchoredHead {
  /** The stream. */
  readonly stream: string;
  /** Of its last event. */
  readonly streamVersion: bigint;
  /** SHA-256 of that event's canonical bytes. */
  readonly hash: Sha256;
}

/** Whether a robot's change of a limit waits for a person. */
export type ApprovalPolicy = 'apply' | 'propose';

/** The proposal whose approval, or the rollout whose promotion, caused an event: who wanted the change, beside who agreed to it or let it through. */
export interface ApprovedProposal {
  /** The proposal, or the rollout. */
  readonly proposalId: string;
  /** Who proposed it. */
  readonly actor: Actor;
  /** The proposer's words. */
  readonly reason: string;
  /** When it was proposed. */
  readonly proposedAt: bigint;
}

/** What a remote validator answered before the command was let in; a replay asks nobody. */
export interface Attestation {
  /** Its name in the application's registration. */
  readonly validator: string;
  /** The version of the registration that named it. */
  readonly applicationVersion: bigint;
  /** Its answer. */
  readonly status: AttestationStatus;
  /** In its words; why there is none, when it is unavailable. */
  readonly message: string;
  /** Totals by resource in base units, as of observedAt: the decision compares them with its own sums. */
  readonly facts: Readonly<Record<string, bigint>>;
  /** When the facts were so; of a validator without facts, when it answered. */
  readonly observedAt: bigint;
}

/** What a remote validator said: approved, denied, or nothing in time (unavailable). */
export type AttestationStatus = 'approved' | 'denied' | 'unavailable';

/** Whether a limit is a number, explicitly without end, or nothing at all. Unset is the absence of the limit. */
export type Bound = 'amount' | 'unlimited' | 'blocked';

/** Whether an overspent budget cuts quotas, or only tells what it would have cut. */
export type BudgetMode = 'dry_run' | 'enforce';

/** What part of a budget a project may be given as the entitlement to one resource. */
export interface BudgetShare {
  /** Whose resource it is. */
  readonly application: string;
  /** The resource. */
  readonly resource: string;
  /** The part of the budget, in basis points: 1 to 10,000. */
  readonly basisPoints: number;
}

/** A part of a budget at which its owner is told. It cuts nothing. */
export interface BudgetThreshold {
  /** What is compared with it. */
  readonly basis: ThresholdBasis;
  /** The part of the budget, in basis points: 1 to 1,000,000. */
  readonly basisPoints: number;
}

/** The time a budget is for. */
export interface BudgetWindow {
  /** Calendar windows follow the time zone; fixed ones have a length. */
  readonly kind: BudgetWindowKind;
  /** An IANA time zone, for calendar windows; UTC otherwise. */
  readonly timeZone: string;
  /** fixed: the length of a window, microseconds. */
  readonly lengthMicros: null | bigint;
  /** fixed: the start of one window, from which all others follow. */
  readonly anchor: null | bigint;
  /** Calendar windows: of how many days (1, or 7 from Monday on) or months (1, 2, 3, 4, 6 or 12, counted from January) one is made. */
  readonly count: number;
}

/** How a budget's windows follow each other. */
export type BudgetWindowKind = 'calendar_day' | 'calendar_month' | 'fixed';

/** How far one change may go without somebody else; null: as far as it likes. */
export interface ChangePolicy {
  /** A raise by more than this waits for approval, basis points of the declared limit. */
  readonly raiseApprovalAboveBasisPoints: null | number;
  /** A new quota of more than this part of what it is created in waits for approval, basis points of the nearest declared limit above or of the application's total. */
  readonly creationApprovalAboveBasisPoints: null | number;
  /** How long an override may last that raises by more than waits for approval, microseconds; null: seven days. */
  readonly overrideAboveApprovalMicrosMax: null | bigint;
  /** A decrease by more than this is refused unless it is waived, basis points of the limit in force. */
  readonly decreaseStepMaxBasisPoints: null | number;
  /** How far a robot may move a limit at once, basis points of the declared limit. */
  readonly robotStepMaxBasisPoints: null | number;
  /** A decrease needs usage that is no older than this, microseconds. */
  readonly usageMaxAgeMicros: null | bigint;
}

/** A step of ChangeTree, as ChangeQuota: a field that is null stays as it is. */
export interface ChangeStep {
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The new owner. */
  readonly owner: null | string;
  /** The new tier. */
  readonly tier: null | number;
  /** The new cut priority. */
  readonly cutPriority: null | number;
  /** The new labels, all of them. */
  readonly labels: null | Readonly<Record<string, string>>;
  /** The new attributes, all of them. */
  readonly attributes: null | string;
  /** Limits to set, replacing those of the same resources. */
  readonly setLimits: readonly ResourceLimit[];
  /** Resources whose limits become unset: they inherit. */
  readonly unsetLimits: readonly string[];
  /** The new match, whole. */
  readonly match: null | readonly MatchCondition[];
  /** The new action. */
  readonly action: null | ExceedAction;
  /** The new tag. */
  readonly degradeTag: null | string;
  /** The new mode. */
  readonly mode: null | EnforcementMode;
  /** The new stale behaviour. */
  readonly onStale: null | StalePolicy;
  /** The new bounds, whole. */
  readonly rightsizing: null | readonly RightsizeBounds[];
  /** Whether setLimits are all limits afterwards: every other becomes unset. */
  readonly onlySetLimits: boolean;
  /** Labels to set, and with null to remove; the others stay. */
  readonly labelsPatch: Readonly<Record<string, null | string>>;
  /** A merge patch of the attributes (RFC 7396): null removes a member. */
  readonly attributesPatch: null | string;
  /** Fields to set back to null: degradeTag, mode, onStale, requests. */
  readonly clear: readonly string[];
  /** The new terms of requests, whole. */
  readonly requests: null | RequestTerms;
}

/** What happens to a quota's children when it is deleted: refuse while it has some, or cascade to all below it. */
export type ChildrenPolicy = 'refuse' | 'cascade';

/** How a cost that no project caused alone is divided. */
export type CostSplit = 'proportional' | 'even' | 'weights' | 'kept';

/** A step of ChangeTree, as CreateQuota. */
export interface CreateStep {
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** What its owner declares. */
  readonly content: QuotaContent;
}

/** A quota's own limit, as its owner or the rightsizer set it, before and after: also where something above it goes on being in force. */
export interface DeclaredChange {
  /** The quota, as it is named afterwards. */
  readonly quotaId: string;
  /** The resource. */
  readonly resource: string;
  /** null: none was declared. */
  readonly before: null | ResourceLimit;
  /** null: none would be. */
  readonly after: null | ResourceLimit;
  /** What would be in force instead; null: nothing, what is declared would hold. */
  readonly hiddenBy: null | HidingLayer;
}

/** A step of ChangeTree, as DeleteQuota. */
export interface DeleteStep {
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** refuse: not while it has children; cascade: all below it go too. */
  readonly children: ChildrenPolicy;
}

/** A target that the application's limits are written to. */
export interface Dispatcher {
  /** Its name, unique within the registration. */
  readonly name: string;
  /** What kind of target it is. */
  readonly kind: DispatcherKind;
  /** Where: an address, a namespace and name, or a path, as the kind understands it. */
  readonly target: string;
  /** The name of a secret in the operator's settings; never the secret itself. */
  readonly secretRef: null | string;
  /** What the kind takes beside, as a JSON object; null: nothing. */
  readonly settings: null | string;
}

/** What takes an application's rules beside hosts. */
export type DispatcherKind = 'yunikorn' | 'tidb' | 'kubernetes' | 'file' | 'webhook';

/** Whether a rule is ignored, only counted, or enforced. */
export type EnforcementMode = 'off' | 'shadow' | 'enforce';

/** The allocation that an entitlement comes from. */
export interface EntitlementSource {
  /** The organization that allocated it. */
  readonly organization: string;
  /** The budget that pays for it. */
  readonly budgetId: string;
  /** The allocation's number. */
  readonly allocation: bigint;
}

/** What a control loop saw when it decided, so that anyone can look again. */
export interface Evidence {
  /** The policy's name and version. */
  readonly policy: string;
  /** The usage table version, or another source, that was read. */
  readonly source: string;
  /** Start of the usage looked at, inclusive. */
  readonly windowStart: bigint;
  /** End of the usage looked at, exclusive. */
  readonly windowEnd: bigint;
  /** The figures that decided, exact decimals as text. */
  readonly figures: Readonly<Record<string, string>>;
  /** SHA-256 (hex) over the inputs, for showing that the same inputs give the same answer. */
  readonly inputsHash: string;
}

/** What a host does with a request over the limit. */
export type ExceedAction = 'refuse' | 'delay' | 'degrade' | 'mark';

/** absolute: what hosts of the stage report is compared with the bounds. above_others: by how much it is above what the other hosts report in the same time. */
export type GateMeasure = 'absolute' | 'above_others';

/** A role that holds within a part alone. */
export interface Grant {
  /** The role, as in the table of roles. */
  readonly role: string;
  /** A quota path (moka: the whole application; moka/prod: that quota and all below it) or a stream (organization:acme, pricebook:list, tierpolicy:standard). */
  readonly scope: string;
}

/** Why a cut was lifted. */
export type HaircutLiftCause = 'budget_raised' | 'window_rolled' | 'spend_corrected' | 'person';

/** What may lie above a declared limit, so that it is not what is in force: an override, a suspension (an override to blocked), a budget's cut, or the tighter limit of a quota above. */
export type HidingKind = 'override' | 'suspension' | 'haircut' | 'ancestor';

/** What is in force instead of a declared limit. */
export interface HidingLayer {
  /** What it is. */
  readonly kind: HidingKind;
  /** The quota on which it lies, as it is named afterwards: the declared limit's own, or one above. */
  readonly quotaId: string;
  /** When it ends by itself; null: it does not. */
  readonly until: null | bigint;
}

/** Which hosts take the candidate: those of the percentage, of the zones and of the list, together. */
export interface HostSelector {
  /** 0 to 100: hosts whose bucket, 0 to 9,999 by rollout and host id, is below a hundred times it. */
  readonly percent: number;
  /** Zones, as hosts name theirs. */
  readonly zones: readonly string[];
  /** Host ids. */
  readonly hosts: readonly string[];
}

/** That what stood ready of a resource and was charged to nobody is charged too. */
export interface IdleRule {
  /** The organization that pays for it. */
  readonly organization: string;
  /** The application whose resource it is. */
  readonly application: string;
  /** The resource, of kind capacity. */
  readonly resource: string;
  /** What there is: declared_total as the application declares it; guarantees, the sum of what the first level of its quotas is guaranteed; none: nothing any more, which ends the rule before it. */
  readonly supply: IdleSupply;
  /** From when it holds: a day is charged by the latest rule of the resource and organization at or before its start. */
  readonly effectiveFrom: bigint;
  /** proportional: by what each project is charged for usage of the day; even: in equal parts; weights: by the weights; kept: by nobody, it stays one line of the organization. */
  readonly split: CostSplit;
  /** The projects that take part, each once; where none is named, whoever is charged for usage of the day. Needed for weights. */
  readonly weights: readonly ProjectWeight[];
}

/** What there is of a resource, of which idle is what was not charged. */
export type IdleSupply = 'declared_total' | 'guarantees' | 'none';

/** A limit in force before and after. */
export interface LimitChange {
  /** The quota, as it is named afterwards. */
  readonly quotaId: string;
  /** The resource. */
  readonly resource: string;
  /** null: none was in force. */
  readonly before: null | ResourceLimit;
  /** null: none would be. */
  readonly after: null | ResourceLimit;
}

/** The class of a limit, which decides how it is enforced and how it sums. */
export type LimitKind = 'rate' | 'concurrency' | 'capacity' | 'consumable';

/** Over what a limit of requests holds. */
export type LimitScope = 'each_host' | 'fleet';

/** One condition on a request attribute; all conditions of a match must hold. */
export interface MatchCondition {
  /** The request attribute's name: caller, model, table, query-class. */
  readonly attribute: string;
  /** equals and prefix compare with the one value, in with any. */
  readonly operator: MatchOperator;
  /** The values compared with, at least one. */
  readonly values: readonly string[];
}

/** How a request attribute is compared. */
export type MatchOperator = 'equals' | 'in' | 'prefix';

/** A step of ChangeTree, as MoveQuota. */
export interface MoveStep {
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** Its new path, the new parent's first: moka/dev/ads. */
  readonly toQuotaId: string;
}

/** What a quota was seen to use, brought along as data so that a decision needs to ask nobody. */
export interface ObservedUsage {
  /** The quota. */
  readonly quotaId: string;
  /** The resource. */
  readonly resource: string;
  /** Base units: of a rate, per second; of concurrency and capacity, at once; of a consumable, in its window so far. */
  readonly used: bigint;
  /** When it was so. */
  readonly observedAt: bigint;
  /** Where it was read: a usage table version, or a system's name. */
  readonly source: string;
}

/** How far what is given out below a quota passes what it has, before and after: legal for capacity and rates, and worth knowing. */
export interface OversubscriptionChange {
  /** The quota as it is named afterwards, or the application by its id. */
  readonly quotaId: string;
  /** The resource. */
  readonly resource: string;
  /** The sum of the upper bounds below over its own, in basis points rounded up: 10,000 gives all out once. null: there was no such figure, as where something is unlimited. */
  readonly before: null | bigint;
  /** The same afterwards. */
  readonly after: null | bigint;
}

/** Money for an amount of a resource, from a moment on. */
export interface Price {
  /** The application whose resource is priced. */
  readonly application: string;
  /** The resource. */
  readonly resource: string;
  /** Money for perUnits, an exact decimal in the book's currency. */
  readonly amount: string;
  /** How many base units that money buys, at least 1. */
  readonly perUnits: bigint;
  /** From when the price holds; the latest price at or before the usage window's start applies. It may lie in the past: then usage since is priced by it, and what it changes of a closed period becomes lines of correction. */
  readonly effectiveFrom: bigint;
  /** The name of the pricing unit, of which perUnits base units make one, such as vCPU-hour; empty: the resource's own unit. */
  readonly unit: string;
  /** Other amounts for what goes beyond, by rising fromUnits: graduated, counted for each project and resource over a calendar month of the book. The price's own amount is for the first units. */
  readonly steps: readonly PriceStep[];
  /** used: what was used. greater_of_reserved_and_used, of a capacity: for each quota and day the greater of its guarantee times the time and of what was used. */
  readonly basis: PriceBasis;
}

/** What a price counts. */
export type PriceBasis = 'used' | 'greater_of_reserved_and_used';

/** What a price is beyond an amount of usage in one billing month. */
export interface PriceStep {
  /** How many base units of the month go before it: what is used beyond them is charged by it. */
  readonly fromUnits: bigint;
  /** Money for the price's perUnits, an exact decimal in the book's currency. */
  readonly amount: string;
}

/** What became of one step of a process across streams. */
export type ProcessAnswer = 'accepted' | 'refused' | 'abandoned';

/** A project's part of what is divided. */
export interface ProjectWeight {
  /** The project, as <organization>/<project>. */
  readonly project: string;
  /** Its part beside the weights of the others, at least 1. */
  readonly weight: bigint;
}

/** What a quota's owner declares: the base layer and its terms. */
export interface QuotaContent {
  /** The owning group at the identity provider. */
  readonly owner: string;
  /** Who pays, as <organization>/<project>; null: inherited from the nearest ancestor that says. */
  readonly project: null | string;
  /** 0 to 4; 0 is the most protected. */
  readonly tier: number;
  /** Within a tier, higher numbers are cut first. */
  readonly cutPriority: number;
  /** Free labels, for people and for filters. */
  readonly labels: Readonly<Record<string, string>>;
  /** The application's own attributes as a JSON object. */
  readonly attributes: string;
  /** Limits by resource, each resource at most once, sorted by resource; a resource that is absent inherits. */
  readonly limits: readonly ResourceLimit[];
  /** Which requests the quota is for; empty: those that name it. */
  readonly match: readonly MatchCondition[];
  /** What happens over the limit. */
  readonly action: ExceedAction;
  /** degrade: what the host tells the application. */
  readonly degradeTag: null | string;
  /** null: the application's default. */
  readonly mode: null | EnforcementMode;
  /** null: the application's default. */
  readonly onStale: null | StalePolicy;
  /** Where and how far the rightsizer may move limits; empty: nowhere. */
  readonly rightsizing: readonly RightsizeBounds[];
  /** How hosts tell its requests apart; null: not at all, on all hosts. */
  readonly requests: null | RequestTerms;
}

/** How a rate is counted. token_bucket: the burst at once, and then as the rate fills it. sliding_window: within any stretch of the rate's time at most its amount, and no burst. */
export type RateCounting = 'token_bucket' | 'sliding_window';

/** A resize that a rehearsal would have made. */
export interface RehearsedResize {
  /** The quota. */
  readonly quotaId: string;
  /** The resource. */
  readonly resource: string;
  /** The amount in force, base units. */
  readonly from: bigint;
  /** The amount that it would be, base units. */
  readonly to: bigint;
  /** Codes of why. */
  readonly reasons: readonly string[];
}

/** A service that is asked about a command before it is let in. */
export interface RemoteValidator {
  /** Its name, unique within the registration. */
  readonly name: string;
  /** Where it is asked by POST; its host must be on the operator's allow-list. */
  readonly url: string;
  /** How long all tries together may take, milliseconds. */
  readonly deadlineMillis: number;
  /** How often it is asked again after a fault, within the deadline. */
  readonly retries: number;
  /** What an answer that does not come means. */
  readonly onUnavailable: UnavailablePolicy;
  /** It is asked about commands that speak of one of these resources; empty: about all. */
  readonly resources: readonly string[];
  /** It is asked about commands of these types; empty: about all that change what quotas declare. */
  readonly commands: readonly string[];
  /** The name of a secret in the operator's settings that signs the request; never the secret itself. */
  readonly secretRef: null | string;
}

/** How hosts tell requests apart under a quota, and on how many hosts it holds. */
export interface RequestTerms {
  /** The request attribute (caller, user, key) whose every value has the limits for itself, on each host; null: all requests share them. */
  readonly eachOf: null | string;
  /** Where several quotas match a request, the one with the higher number is taken, whatever else their matches say. */
  readonly priority: number;
  /** On how many of 100 hosts the limits are enforced, 0 to 100; on the others they are only counted, as in shadow mode. */
  readonly rampPercent: number;
  /** each_host: every host has the limits for itself. fleet: all hosts share them, by leases. null: each_host. */
  readonly scope: null | LimitScope;
  /** What a host uses while it has no lease, or no confirmed rules under onStale safe_share, in 10,000ths of the limit, 1 to 10,000; null: the limit divided by the hosts last known, a hundredth where none were; each_host: the whole limit. */
  readonly safeShareBasisPoints: null | number;
  /** How hosts count the rates of this quota; null: by a token bucket. */
  readonly counting: null | RateCounting;
  /** Limits to try: hosts decide and count by them beside the limits in force, and enforce none of them; null: none. */
  readonly trial: null | readonly ResourceLimit[];
}

/** A step of a rollout that a resize began: the limit that evidence sets once it is promoted. ChangeTree takes none. */
export interface ResizeStep {
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The limit. */
  readonly limit: ResourceLimit;
  /** Why. */
  readonly evidence: Evidence;
}

/** A resource that an application governs. */
export interface ResourceDeclaration {
  /** Its name, unique within the application. */
  readonly name: string;
  /** The class of its limits. */
  readonly kind: LimitKind;
  /** The base unit, whole numbers of which limits and usage count: token, request, milli-vcore, byte. */
  readonly unit: string;
  /** The declared total in base units, for kinds that sum; null: not declared. */
  readonly total: null | bigint;
  /** For kinds that sum, where the total comes from; null: it is declared, or there is none. */
  readonly totalSource: null | TotalSource;
}

/** One limit of one resource. Which fields carry a value follows from the kind. */
export interface ResourceLimit {
  /** The resource's name, as its application declared it. */
  readonly resource: string;
  /** The class of the limit; it equals the resource's. */
  readonly kind: LimitKind;
  /** amount: see amount. unlimited and blocked: amount is 0 and means nothing. */
  readonly bound: Bound;
  /** The upper bound in the resource's base unit: the rate's amount per perMicros, the most at once, the maximum, or the amount of a window. */
  readonly amount: bigint;
  /** rate: the time that amount refers to, in microseconds. */
  readonly perMicros: null | bigint;
  /** rate: how much may be taken at once, in base units; null: as much as amount. */
  readonly burst: null | bigint;
  /** capacity: what is kept for this node whatever others do, in base units; null: 0. */
  readonly guaranteed: null | bigint;
  /** consumable: the window that amount refers to, an ISO 8601 duration such as P1D; without a zone aligned to the epoch, UTC. */
  readonly window: null | string;
  /** consumable: the time zone, an IANA name such as Europe/Berlin, whose calendar the window follows: a day (P1D), a week from Monday (P1W), or months; null: none. */
  readonly zone: null | string;
}

/** A step of ChangeTree, as RestoreQuota. */
export interface RestoreStep {
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** The version whose content is to hold again; of one that changed no content, what held then. */
  readonly version: bigint;
  /** What that version declared, all of it; it must have the version's hash. Owner and project stay as they are now. */
  readonly content: QuotaContent;
}

/** How far the rightsizer may move a resource's limit, and how: its class, and whether it is pinned. min and max both 0: no bounds, the entry says a class or a pin alone. */
export interface RightsizeBounds {
  /** The resource. */
  readonly resource: string;
  /** The lowest amount that it may propose, base units; 0: none is given. */
  readonly min: bigint;
  /** The highest amount that it may propose, base units; 0: none is given. */
  readonly max: bigint;
  /** What a shortage costs here and below; null: what the nearest quota above says of the resource, then the application. */
  readonly workload: null | WorkloadClass;
  /** Whether evidence moves it, and all below it, not at all. What evidence has set stays. */
  readonly pinned: boolean;
}

/** How a robot's resize reaches hosts: as StartRollout says it of a change. */
export interface RobotRollout {
  /** The stages; promotion reaches all. */
  readonly stages: readonly RolloutStage[];
  /** What hosts must report; null: the bake times alone decide. */
  readonly gate: null | RolloutGate;
}

/** What a quota would declare once the rollout is promoted. */
export interface RolloutCandidate {
  /** The quota. */
  readonly quotaId: string;
  /** All of it. */
  readonly content: QuotaContent;
  /** What evidence would have set by then, by resource; null: what it has set now. */
  readonly rightsized: null | readonly ResourceLimit[];
}

/** person: by hand. gate: by what hosts reported. timer: the bake time was over, and no gate was asked for. */
export type RolloutCause = 'person' | 'gate' | 'timer';

/** What a gate saw. */
export interface RolloutEvidence {
  /** From when. */
  readonly measuredFrom: bigint;
  /** Until when. */
  readonly measuredTo: bigint;
  /** Hosts that take the candidate. */
  readonly stage: RolloutFigures;
  /** Hosts that do not. */
  readonly others: RolloutFigures;
  /** The bounds that did not hold, in words for people; empty: all held. */
  readonly broken: readonly string[];
}

/** What some hosts reported together. */
export interface RolloutFigures {
  /** Hosts that reported. */
  readonly hosts: number;
  /** Decisions. */
  readonly decisions: bigint;
  /** Refusals among them. */
  readonly refused: bigint;
  /** Requests that the application told of. */
  readonly requests: bigint;
  /** Errors among them. */
  readonly errors: bigint;
  /** The 99th percentile of their latency, microseconds; null: none was told. */
  readonly latencyP99Micros: null | bigint;
}

/** What hosts must report for a rollout to go on. A bound that is null is not asked. */
export interface RolloutGate {
  /** What the bounds are compared with. */
  readonly measure: GateMeasure;
  /** Refusals among decisions, in basis points. */
  readonly refusedBasisPointsMax: null | number;
  /** Errors among the requests that the application tells of, in basis points. */
  readonly errorBasisPointsMax: null | number;
  /** The 99th percentile of the latency that the application tells of, microseconds. */
  readonly latencyP99MicrosMax: null | bigint;
  /** Hosts of the stage, and with above_others others too, that must report. */
  readonly hostsMin: number;
  /** Decisions, and requests where they are asked about, that these must tell of together. */
  readonly decisionsMin: bigint;
}

/** One stage: which hosts it adds to those of the stages before it, and for how long it is watched. */
export interface RolloutStage {
  /** Who it adds. */
  readonly selector: HostSelector;
  /** How long it lasts at least, microseconds. */
  readonly bakeMicros: bigint;
}

/** A SHA-256 digest. */
export type Sha256 = Uint8Array;

/** What the projects of an organization pay for together, such as a platform's own machines. */
export interface SharedCost {
  /** What it is, as the lines of the ledger name it; one entry of a name and organization holds at a time. */
  readonly name: string;
  /** The organization whose projects share it. */
  readonly organization: string;
  /** The application that it is for, by whose charges alone it is divided; null: all of them. */
  readonly application: null | string;
  /** Money for a calendar month, an exact decimal in the book's currency; 0 ends the entry before it. Each day of the month is charged an equal part. */
  readonly amountPerMonth: string;
  /** From when it holds: a month is charged by the latest entry of the name at or before its start. */
  readonly effectiveFrom: bigint;
  /** proportional: by what each project is charged for usage of the day; even: in equal parts; weights: by the weights; kept: by nobody, it stays one line of the organization. */
  readonly split: CostSplit;
  /** The projects that take part, each once; where none is named, whoever is charged for usage of the day. Needed for weights. */
  readonly weights: readonly ProjectWeight[];
}

/** What a host does when its rules have not been confirmed for too long. */
export type StalePolicy = 'hold' | 'safe_share' | 'open' | 'closed';

/** What a threshold compares with the budget: what has been spent, or what is forecast for the whole window. */
export type ThresholdBasis = 'actual' | 'forecast';

/** Which way a threshold was crossed. */
export type ThresholdDirection = 'up' | 'down';

/** The cut of each tier once the overrun has reached this step. */
export interface TierPolicyStep {
  /** Overrun from which the step holds: spend over budget, in basis points of the budget (0 is at the budget, 1200 is 12 % over). */
  readonly overrunBasisPoints: number;
  /** Five numbers, tier 0 to 4: the cut of the maximum in basis points. */
  readonly cutBasisPoints: readonly number[];
}

/** Where a resource's total comes from when it is not declared: the latest fact that a remote validator told. */
export interface TotalSource {
  /** The validator, by its name in the same registration. */
  readonly validator: string;
  /** How old the fact may be when it is compared with the sums, microseconds; an older one refuses the command. */
  readonly maxAgeMicros: bigint;
}

/** One step of ChangeTree: exactly one of create, change, restore, move and delete. */
export interface TreeStep {
  /** The quota's version that the sender has seen, counting the steps before; null: any. */
  readonly expectedVersion: null | bigint;
  /** Creates a quota. */
  readonly create: null | CreateStep;
  /** Changes a quota. */
  readonly change: null | ChangeStep;
  /** Moves a quota with all below it. */
  readonly move: null | MoveStep;
  /** Deletes a quota. */
  readonly delete: null | DeleteStep;
  /** Restores an earlier version of a quota. */
  readonly restore: null | RestoreStep;
  /** Resizes a quota by evidence: in rollouts that ResizeQuota begins, and nowhere else. */
  readonly resize: null | ResizeStep;
}

/** What becomes of a command when a remote validator does not answer in time: refuse it, or take it and flag its events. */
export type UnavailablePolicy = 'refuse' | 'flag';

/** What one unit of an entitlement costs over one window of the budget, as it was priced. */
export interface UnitCost {
  /** The price book. */
  readonly priceBook: string;
  /** Its version. */
  readonly priceBookVersion: bigint;
  /** The book's currency, ISO 4217; it must be the budget's. */
  readonly currency: string;
  /** The book's price, an exact decimal. */
  readonly amount: string;
  /** How many base units that price buys, at least 1. */
  readonly perUnits: bigint;
  /** How many base units one unit of the entitlement may use up in a window of the budget: of a rate, a capacity or a concurrency the seconds of its longest window; of a consumable how many of its own windows begin in it. */
  readonly unitsPerWindow: bigint;
}

/** Up to where the usage table had what a source sent. */
export interface UsagePosition {
  /** The source as rows name it: a topic's full name, or import/<id>. */
  readonly source: string;
  /** The partition of the source. */
  readonly partition: number;
  /** The first offset that was not in the table. */
  readonly nextOffset: bigint;
}

/** A rule of the application's own over a quota as it would be. */
export interface ValidationRule {
  /** Its name, unique within the registration. */
  readonly name: string;
  /** CEL, of type bool: the quota may be so where it is true. */
  readonly expression: string;
  /** What the sender is told where it is false. */
  readonly message: string;
  /** JSON pointer into the quota's content that the message is about; empty: the whole quota. */
  readonly path: string;
}

/** A safety check that the sender waives, by name: never all at once. */
export interface Waiver {
  /** The code of the check, such as BELOW_USAGE. */
  readonly check: string;
  /** Why it may be waived, in the sender's words. */
  readonly reason: string;
}

/** What a shortage costs beside what stands unused: batch waits, serving answers people, guaranteed was promised. */
export type WorkloadClass = 'batch' | 'serving' | 'guaranteed';

/** What happened to one resource within the window. */
export interface ResourceUsage {
  /** The resource. */
  readonly resource: string;
  /** Rate and consumable: the amount let through. Concurrency and capacity: unit-seconds. */
  readonly used: bigint;
  /** The amount refused. */
  readonly refused: bigint;
  /** The amount delayed before it was let through. */
  readonly queued: bigint;
  /** Concurrency and capacity: the most at once. Rate: the most within one second. */
  readonly peak: bigint;
  /** The amount that limits on trial would have refused. */
  readonly trialRefused: bigint;
}

/** What one host let through and refused for one quota in one window. */
export interface UsageRecorded {
  /** The host. */
  readonly hostId: string;
  /** A UUID of this start of the host. */
  readonly bootId: string;
  /** Counts up within the boot; host, boot and sequence are the record's id. */
  readonly sequence: bigint;
  /** The application the host speaks for. */
  readonly application: string;
  /** The quota's path, the application first: moka/prod/ads. */
  readonly quotaId: string;
  /** Who pays, as the rule said at the window's start. */
  readonly project: null | string;
  /** Inclusive. */
  readonly windowStart: bigint;
  /** Exclusive. */
  readonly windowEnd: bigint;
  /** One entry a resource, sorted. */
  readonly resources: readonly ResourceUsage[];
  /** Where the host runs, as it says itself; usage is summed by it too. */
  readonly zone: null | string;
}

/** One stream of the run. */
export interface SnapshotStream {
  /** The stream. */
  readonly stream: string;
  /** How many chunks. */
  readonly chunks: number;
  /** SHA-256 (hex) of the joined body. */
  readonly sha256: string;
}

export type CommandMessage =
  | { readonly type: 'AdvanceRollout'; readonly value: AdvanceRollout }
  | { readonly type: 'AllocateEntitlement'; readonly value: AllocateEntitlement }
  | { readonly type: 'ApplyHaircut'; readonly value: ApplyHaircut }
  | { readonly type: 'ApproveProposal'; readonly value: ApproveProposal }
  | { readonly type: 'BeginCut'; readonly value: BeginCut }
  | { readonly type: 'ChangeQuota'; readonly value: ChangeQuota }
  | { readonly type: 'ChangeTree'; readonly value: ChangeTree }
  | { readonly type: 'ClosePeriod'; readonly value: ClosePeriod }
  | { readonly type: 'CompleteAllocation'; readonly value: CompleteAllocation }
  | { readonly type: 'CompleteCut'; readonly value: CompleteCut }
  | { readonly type: 'CreateQuota'; readonly value: CreateQuota }
  | { readonly type: 'DeclareQuota'; readonly value: DeclareQuota }
  | { readonly type: 'DefineBudget'; readonly value: DefineBudget }
  | { readonly type: 'DefinePriceBook'; readonly value: DefinePriceBook }
  | { readonly type: 'DefineProject'; readonly value: DefineProject }
  | { readonly type: 'DefineTeam'; readonly value: DefineTeam }
  | { readonly type: 'DeleteQuota'; readonly value: DeleteQuota }
  | { readonly type: 'GrantCredit'; readonly value: GrantCredit }
  | { readonly type: 'LiftBudgetOverride'; readonly value: LiftBudgetOverride }
  | { readonly type: 'LiftHaircut'; readonly value: LiftHaircut }
  | { readonly type: 'LiftOverride'; readonly value: LiftOverride }
  | { readonly type: 'MoveQuota'; readonly value: MoveQuota }
  | { readonly type: 'OverrideBudget'; readonly value: OverrideBudget }
  | { readonly type: 'OverrideQuota'; readonly value: OverrideQuota }
  | { readonly type: 'PauseRollout'; readonly value: PauseRollout }
  | { readonly type: 'PromoteRollout'; readonly value: PromoteRollout }
  | { readonly type: 'PublishTierPolicy'; readonly value: PublishTierPolicy }
  | { readonly type: 'RecordRehearsal'; readonly value: RecordRehearsal }
  | { readonly type: 'RecordThreshold'; readonly value: RecordThreshold }
  | { readonly type: 'RegisterApplication'; readonly value: RegisterApplication }
  | { readonly type: 'RegisterOrganization'; readonly value: RegisterOrganization }
  | { readonly type: 'RehearseCut'; readonly value: RehearseCut }
  | { readonly type: 'RejectProposal'; readonly value: RejectProposal }
  | { readonly type: 'RequestIncrease'; readonly value: RequestIncrease }
  | { readonly type: 'ResizeQuota'; readonly value: ResizeQuota }
  | { readonly type: 'RestoreQuota'; readonly value: RestoreQuota }
  | { readonly type: 'ResumeQuota'; readonly value: ResumeQuota }
  | { readonly type: 'ResumeRollout'; readonly value: ResumeRollout }
  | { readonly type: 'RetireBudget'; readonly value: RetireBudget }
  | { readonly type: 'RetireProject'; readonly value: RetireProject }
  | { readonly type: 'RetireTeam'; readonly value: RetireTeam }
  | { readonly type: 'RollBackRollout'; readonly value: RollBackRollout }
  | { readonly type: 'SetEntitlement'; readonly value: SetEntitlement }
  | { readonly type: 'StartRollout'; readonly value: StartRollout }
  | { readonly type: 'SuspendQuota'; readonly value: SuspendQuota }
  | { readonly type: 'TransferQuota'; readonly value: TransferQuota }
  | { readonly type: 'WithdrawCredit'; readonly value: WithdrawCredit }
  | { readonly type: 'WithdrawProposal'; readonly value: WithdrawProposal };

export type EventMessage =
  | { readonly type: 'AllocationCompleted'; readonly value: AllocationCompleted }
  | { readonly type: 'ApplicationRegistered'; readonly value: ApplicationRegistered }
  | { readonly type: 'BudgetDefined'; readonly value: BudgetDefined }
  | { readonly type: 'BudgetOverridden'; readonly value: BudgetOverridden }
  | { readonly type: 'BudgetOverrideLifted'; readonly value: BudgetOverrideLifted }
  | { readonly type: 'BudgetRetired'; readonly value: BudgetRetired }
  | { readonly type: 'BudgetThresholdCrossed'; readonly value: BudgetThresholdCrossed }
  | { readonly type: 'ChangeProposed'; readonly value: ChangeProposed }
  | { readonly type: 'CreditGranted'; readonly value: CreditGranted }
  | { readonly type: 'CreditWithdrawn'; readonly value: CreditWithdrawn }
  | { readonly type: 'CutCompleted'; readonly value: CutCompleted }
  | { readonly type: 'CutFollowed'; readonly value: CutFollowed }
  | { readonly type: 'CutIntended'; readonly value: CutIntended }
  | { readonly type: 'CutRehearsed'; readonly value: CutRehearsed }
  | { readonly type: 'EntitlementAllocated'; readonly value: EntitlementAllocated }
  | { readonly type: 'EntitlementSet'; readonly value: EntitlementSet }
  | { readonly type: 'HaircutApplied'; readonly value: HaircutApplied }
  | { readonly type: 'HaircutLifted'; readonly value: HaircutLifted }
  | { readonly type: 'HeadsAnchored'; readonly value: HeadsAnchored }
  | { readonly type: 'OrganizationRegistered'; readonly value: OrganizationRegistered }
  | { readonly type: 'PeriodClosed'; readonly value: PeriodClosed }
  | { readonly type: 'PriceBookDefined'; readonly value: PriceBookDefined }
  | { readonly type: 'ProjectDefined'; readonly value: ProjectDefined }
  | { readonly type: 'ProjectRetired'; readonly value: ProjectRetired }
  | { readonly type: 'ProposalApproved'; readonly value: ProposalApproved }
  | { readonly type: 'ProposalExpired'; readonly value: ProposalExpired }
  | { readonly type: 'ProposalOpened'; readonly value: ProposalOpened }
  | { readonly type: 'ProposalRejected'; readonly value: ProposalRejected }
  | { readonly type: 'ProposalWithdrawn'; readonly value: ProposalWithdrawn }
  | { readonly type: 'QuotaChanged'; readonly value: QuotaChanged }
  | { readonly type: 'QuotaCreated'; readonly value: QuotaCreated }
  | { readonly type: 'QuotaDeleted'; readonly value: QuotaDeleted }
  | { readonly type: 'QuotaMoved'; readonly value: QuotaMoved }
  | { readonly type: 'QuotaOverridden'; readonly value: QuotaOverridden }
  | { readonly type: 'QuotaOverrideEnded'; readonly value: QuotaOverrideEnded }
  | { readonly type: 'QuotaResized'; readonly value: QuotaResized }
  | { readonly type: 'QuotaRestored'; readonly value: QuotaRestored }
  | { readonly type: 'QuotaTransferred'; readonly value: QuotaTransferred }
  | { readonly type: 'RightsizingRehearsed'; readonly value: RightsizingRehearsed }
  | { readonly type: 'RolloutAdvanced'; readonly value: RolloutAdvanced }
  | { readonly type: 'RolloutPaused'; readonly value: RolloutPaused }
  | { readonly type: 'RolloutPromoted'; readonly value: RolloutPromoted }
  | { readonly type: 'RolloutResumed'; readonly value: RolloutResumed }
  | { readonly type: 'RolloutRolledBack'; readonly value: RolloutRolledBack }
  | { readonly type: 'RolloutStarted'; readonly value: RolloutStarted }
  | { readonly type: 'TeamDefined'; readonly value: TeamDefined }
  | { readonly type: 'TeamRetired'; readonly value: TeamRetired }
  | { readonly type: 'TierPolicyPublished'; readonly value: TierPolicyPublished }
  | { readonly type: 'TreeChangeProposed'; readonly value: TreeChangeProposed };

export type OutcomeMessage =
  | { readonly type: 'CommandOutcome'; readonly value: CommandOutcome };

export type SnapshotMessage =
  | { readonly type: 'SnapshotManifest'; readonly value: SnapshotManifest }
  | { readonly type: 'StreamSnapshotChunk'; readonly value: StreamSnapshotChunk };

export type RuleMessage =
  | { readonly type: 'Rule'; readonly value: Rule }
  | { readonly type: 'RuleSetComplete'; readonly value: RuleSetComplete };

export type LeaseMessage =
  | { readonly type: 'Lease'; readonly value: Lease };

export type ReportMessage =
  | { readonly type: 'DemandReport'; readonly value: DemandReport }
  | { readonly type: 'HostReport'; readonly value: HostReport }
  | { readonly type: 'RulesDelivered'; readonly value: RulesDelivered }
  | { readonly type: 'TargetReport'; readonly value: TargetReport };

export type UsageMessage =
  | { readonly type: 'UsageRecorded'; readonly value: UsageRecorded };

/** Every message of every topic, tagged by its record's short name. */
export type Message =
  | { readonly type: 'AdvanceRollout'; readonly value: AdvanceRollout }
  | { readonly type: 'AllocateEntitlement'; readonly value: AllocateEntitlement }
  | { readonly type: 'ApplyHaircut'; readonly value: ApplyHaircut }
  | { readonly type: 'ApproveProposal'; readonly value: ApproveProposal }
  | { readonly type: 'BeginCut'; readonly value: BeginCut }
  | { readonly type: 'ChangeQuota'; readonly value: ChangeQuota }
  | { readonly type: 'ChangeTree'; readonly value: ChangeTree }
  | { readonly type: 'ClosePeriod'; readonly value: ClosePeriod }
  | { readonly type: 'CompleteAllocation'; readonly value: CompleteAllocation }
  | { readonly type: 'CompleteCut'; readonly value: CompleteCut }
  | { readonly type: 'CreateQuota'; readonly value: CreateQuota }
  | { readonly type: 'DeclareQuota'; readonly value: DeclareQuota }
  | { readonly type: 'DefineBudget'; readonly value: DefineBudget }
  | { readonly type: 'DefinePriceBook'; readonly value: DefinePriceBook }
  | { readonly type: 'DefineProject'; readonly value: DefineProject }
  | { readonly type: 'DefineTeam'; readonly value: DefineTeam }
  | { readonly type: 'DeleteQuota'; readonly value: DeleteQuota }
  | { readonly type: 'GrantCredit'; readonly value: GrantCredit }
  | { readonly type: 'LiftBudgetOverride'; readonly value: LiftBudgetOverride }
  | { readonly type: 'LiftHaircut'; readonly value: LiftHaircut }
  | { readonly type: 'LiftOverride'; readonly value: LiftOverride }
  | { readonly type: 'MoveQuota'; readonly value: MoveQuota }
  | { readonly type: 'OverrideBudget'; readonly value: OverrideBudget }
  | { readonly type: 'OverrideQuota'; readonly value: OverrideQuota }
  | { readonly type: 'PauseRollout'; readonly value: PauseRollout }
  | { readonly type: 'PromoteRollout'; readonly value: PromoteRollout }
  | { readonly type: 'PublishTierPolicy'; readonly value: PublishTierPolicy }
  | { readonly type: 'RecordRehearsal'; readonly value: RecordRehearsal }
  | { readonly type: 'RecordThreshold'; readonly value: RecordThreshold }
  | { readonly type: 'RegisterApplication'; readonly value: RegisterApplication }
  | { readonly type: 'RegisterOrganization'; readonly value: RegisterOrganization }
  | { readonly type: 'RehearseCut'; readonly value: RehearseCut }
  | { readonly type: 'RejectProposal'; readonly value: RejectProposal }
  | { readonly type: 'RequestIncrease'; readonly value: RequestIncrease }
  | { readonly type: 'ResizeQuota'; readonly value: ResizeQuota }
  | { readonly type: 'RestoreQuota'; readonly value: RestoreQuota }
  | { readonly type: 'ResumeQuota'; readonly value: ResumeQuota }
  | { readonly type: 'ResumeRollout'; readonly value: ResumeRollout }
  | { readonly type: 'RetireBudget'; readonly value: RetireBudget }
  | { readonly type: 'RetireProject'; readonly value: RetireProject }
  | { readonly type: 'RetireTeam'; readonly value: RetireTeam }
  | { readonly type: 'RollBackRollout'; readonly value: RollBackRollout }
  | { readonly type: 'SetEntitlement'; readonly value: SetEntitlement }
  | { readonly type: 'StartRollout'; readonly value: StartRollout }
  | { readonly type: 'SuspendQuota'; readonly value: SuspendQuota }
  | { readonly type: 'TransferQuota'; readonly value: TransferQuota }
  | { readonly type: 'WithdrawCredit'; readonly value: WithdrawCredit }
  | { readonly type: 'WithdrawProposal'; readonly value: WithdrawProposal }
  | { readonly type: 'AllocationCompleted'; readonly value: AllocationCompleted }
  | { readonly type: 'ApplicationRegistered'; readonly value: ApplicationRegistered }
  | { readonly type: 'BudgetDefined'; readonly value: BudgetDefined }
  | { readonly type: 'BudgetOverridden'; readonly value: BudgetOverridden }
  | { readonly type: 'BudgetOverrideLifted'; readonly value: BudgetOverrideLifted }
  | { readonly type: 'BudgetRetired'; readonly value: BudgetRetired }
  | { readonly type: 'BudgetThresholdCrossed'; readonly value: BudgetThresholdCrossed }
  | { readonly type: 'ChangeProposed'; readonly value: ChangeProposed }
  | { readonly type: 'CreditGranted'; readonly value: CreditGranted }
  | { readonly type: 'CreditWithdrawn'; readonly value: CreditWithdrawn }
  | { readonly type: 'CutCompleted'; readonly value: CutCompleted }
  | { readonly type: 'CutFollowed'; readonly value: CutFollowed }
  | { readonly type: 'CutIntended'; readonly value: CutIntended }
  | { readonly type: 'CutRehearsed'; readonly value: CutRehearsed }
  | { readonly type: 'EntitlementAllocated'; readonly value: EntitlementAllocated }
  | { readonly type: 'EntitlementSet'; readonly value: EntitlementSet }
  | { readonly type: 'HaircutApplied'; readonly value: HaircutApplied }
  | { readonly type: 'HaircutLifted'; readonly value: HaircutLifted }
  | { readonly type: 'HeadsAnchored'; readonly value: HeadsAnchored }
  | { readonly type: 'OrganizationRegistered'; readonly value: OrganizationRegistered }
  | { readonly type: 'PeriodClosed'; readonly value: PeriodClosed }
  | { readonly type: 'PriceBookDefined'; readonly value: PriceBookDefined }
  | { readonly type: 'ProjectDefined'; readonly value: ProjectDefined }
  | { readonly type: 'ProjectRetired'; readonly value: ProjectRetired }
  | { readonly type: 'ProposalApproved'; readonly value: ProposalApproved }
  | { readonly type: 'ProposalExpired'; readonly value: ProposalExpired }
  | { readonly type: 'ProposalOpened'; readonly value: ProposalOpened }
  | { readonly type: 'ProposalRejected'; readonly value: ProposalRejected }
  | { readonly type: 'ProposalWithdrawn'; readonly value: ProposalWithdrawn }
  | { readonly type: 'QuotaChanged'; readonly value: QuotaChanged }
  | { readonly type: 'QuotaCreated'; readonly value: QuotaCreated }
  | { readonly type: 'QuotaDeleted'; readonly value: QuotaDeleted }
  | { readonly type: 'QuotaMoved'; readonly value: QuotaMoved }
  | { readonly type: 'QuotaOverridden'; readonly value: QuotaOverridden }
  | { readonly type: 'QuotaOverrideEnded'; readonly value: QuotaOverrideEnded }
  | { readonly type: 'QuotaResized'; readonly value: QuotaResized }
  | { readonly type: 'QuotaRestored'; readonly value: QuotaRestored }
  | { readonly type: 'QuotaTransferred'; readonly value: QuotaTransferred }
  | { readonly type: 'RightsizingRehearsed'; readonly value: RightsizingRehearsed }
  | { readonly type: 'RolloutAdvanced'; readonly value: RolloutAdvanced }
  | { readonly type: 'RolloutPaused'; readonly value: RolloutPaused }
  | { readonly type: 'RolloutPromoted'; readonly value: RolloutPromoted }
  | { readonly type: 'RolloutResumed'; readonly value: RolloutResumed }
  | { readonly type: 'RolloutRolledBack'; readonly value: RolloutRolledBack }
  | { readonly type: 'RolloutStarted'; readonly value: RolloutStarted }
  | { readonly type: 'TeamDefined'; readonly value: TeamDefined }
  | { readonly type: 'TeamRetired'; readonly value: TeamRetired }
  | { readonly type: 'TierPolicyPublished'; readonly value: TierPolicyPublished }
  | { readonly type: 'TreeChangeProposed'; readonly value: TreeChangeProposed }
  | { readonly type: 'CommandOutcome'; readonly value: CommandOutcome }
  | { readonly type: 'SnapshotManifest'; readonly value: SnapshotManifest }
  | { readonly type: 'StreamSnapshotChunk'; readonly value: StreamSnapshotChunk }
  | { readonly type: 'Rule'; readonly value: Rule }
  | { readonly type: 'RuleSetComplete'; readonly value: RuleSetComplete }
  | { readonly type: 'Lease'; readonly value: Lease }
  | { readonly type: 'DemandReport'; readonly value: DemandReport }
  | { readonly type: 'HostReport'; readonly value: HostReport }
  | { readonly type: 'RulesDelivered'; readonly value: RulesDelivered }
  | { readonly type: 'TargetReport'; readonly value: TargetReport }
  | { readonly type: 'UsageRecorded'; readonly value: UsageRecorded };

export const fullNameOf: Readonly<Record<Message['type'], string>> = {
  AdvanceRollout: 'io.prorata.command.AdvanceRollout',
  AllocateEntitlement: 'io.prorata.command.AllocateEntitlement',
  ApplyHaircut: 'io.prorata.command.ApplyHaircut',
  ApproveProposal: 'io.prorata.command.ApproveProposal',
  BeginCut: 'io.prorata.command.BeginCut',
  ChangeQuota: 'io.prorata.command.ChangeQuota',
  ChangeTree: 'io.prorata.command.ChangeTree',
  ClosePeriod: 'io.prorata.command.ClosePeriod',
  CompleteAllocation: 'io.prorata.command.CompleteAllocation',
  CompleteCut: 'io.prorata.command.CompleteCut',
  CreateQuota: 'io.prorata.command.CreateQuota',
  DeclareQuota: 'io.prorata.command.DeclareQuota',
  DefineBudget: 'io.prorata.command.DefineBudget',
  DefinePriceBook: 'io.prorata.command.DefinePriceBook',
  DefineProject: 'io.prorata.command.DefineProject',
  DefineTeam: 'io.prorata.command.DefineTeam',
  DeleteQuota: 'io.prorata.command.DeleteQuota',
  GrantCredit: 'io.prorata.command.GrantCredit',
  LiftBudgetOverride: 'io.prorata.command.LiftBudgetOverride',
  LiftHaircut: 'io.prorata.command.LiftHaircut',
  LiftOverride: 'io.prorata.command.LiftOverride',
  MoveQuota: 'io.prorata.command.MoveQuota',
  OverrideBudget: 'io.prorata.command.OverrideBudget',
  OverrideQuota: 'io.prorata.command.OverrideQuota',
  PauseRollout: 'io.prorata.command.PauseRollout',
  PromoteRollout: 'io.prorata.command.PromoteRollout',
  PublishTierPolicy: 'io.prorata.command.PublishTierPolicy',
  RecordRehearsal: 'io.prorata.command.RecordRehearsal',
  RecordThreshold: 'io.prorata.command.RecordThreshold',
  RegisterApplication: 'io.prorata.command.RegisterApplication',
  RegisterOrganization: 'io.prorata.command.RegisterOrganization',
  RehearseCut: 'io.prorata.command.RehearseCut',
  RejectProposal: 'io.prorata.command.RejectProposal',
  RequestIncrease: 'io.prorata.command.RequestIncrease',
  ResizeQuota: 'io.prorata.command.ResizeQuota',
  RestoreQuota: 'io.prorata.command.RestoreQuota',
  ResumeQuota: 'io.prorata.command.ResumeQuota',
  ResumeRollout: 'io.prorata.command.ResumeRollout',
  RetireBudget: 'io.prorata.command.RetireBudget',
  RetireProject: 'io.prorata.command.RetireProject',
  RetireTeam: 'io.prorata.command.RetireTeam',
  RollBackRollout: 'io.prorata.command.RollBackRollout',
  SetEntitlement: 'io.prorata.command.SetEntitlement',
  StartRollout: 'io.prorata.command.StartRollout',
  SuspendQuota: 'io.prorata.command.SuspendQuota',
  TransferQuota: 'io.prorata.command.TransferQuota',
  WithdrawCredit: 'io.prorata.command.WithdrawCredit',
  WithdrawProposal: 'io.prorata.command.WithdrawProposal',
  AllocationCompleted: 'io.prorata.event.AllocationCompleted',
  ApplicationRegistered: 'io.prorata.event.ApplicationRegistered',
  BudgetDefined: 'io.prorata.event.BudgetDefined',
  BudgetOverridden: 'io.prorata.event.BudgetOverridden',
  BudgetOverrideLifted: 'io.prorata.event.BudgetOverrideLifted',
  BudgetRetired: 'io.prorata.event.BudgetRetired',
  BudgetThresholdCrossed: 'io.prorata.event.BudgetThresholdCrossed',
  ChangeProposed: 'io.prorata.event.ChangeProposed',
  CreditGranted: 'io.prorata.event.CreditGranted',
  CreditWithdrawn: 'io.prorata.event.CreditWithdrawn',
  CutCompleted: 'io.prorata.event.CutCompleted',
  CutFollowed: 'io.prorata.event.CutFollowed',
  CutIntended: 'io.prorata.event.CutIntended',
  CutRehearsed: 'io.prorata.event.CutRehearsed',
  EntitlementAllocated: 'io.prorata.event.EntitlementAllocated',
  EntitlementSet: 'io.prorata.event.EntitlementSet',
  HaircutApplied: 'io.prorata.event.HaircutApplied',
  HaircutLifted: 'io.prorata.event.HaircutLifted',
  HeadsAnchored: 'io.prorata.event.HeadsAnchored',
  OrganizationRegistered: 'io.prorata.event.OrganizationRegistered',
  PeriodClosed: 'io.prorata.event.PeriodClosed',
  PriceBookDefined: 'io.prorata.event.PriceBookDefined',
  ProjectDefined: 'io.prorata.event.ProjectDefined',
  ProjectRetired: 'io.prorata.event.ProjectRetired',
  ProposalApproved: 'io.prorata.event.ProposalApproved',
  ProposalExpired: 'io.prorata.event.ProposalExpired',
  ProposalOpened: 'io.prorata.event.ProposalOpened',
  ProposalRejected: 'io.prorata.event.ProposalRejected',
  ProposalWithdrawn: 'io.prorata.event.ProposalWithdrawn',
  QuotaChanged: 'io.prorata.event.QuotaChanged',
  QuotaCreated: 'io.prorata.event.QuotaCreated',
  QuotaDeleted: 'io.prorata.event.QuotaDeleted',
  QuotaMoved: 'io.prorata.event.QuotaMoved',
  QuotaOverridden: 'io.prorata.event.QuotaOverridden',
  QuotaOverrideEnded: 'io.prorata.event.QuotaOverrideEnded',
  QuotaResized: 'io.prorata.event.QuotaResized',
  QuotaRestored: 'io.prorata.event.QuotaRestored',
  QuotaTransferred: 'io.prorata.event.QuotaTransferred',
  RightsizingRehearsed: 'io.prorata.event.RightsizingRehearsed',
  RolloutAdvanced: 'io.prorata.event.RolloutAdvanced',
  RolloutPaused: 'io.prorata.event.RolloutPaused',
  RolloutPromoted: 'io.prorata.event.RolloutPromoted',
  RolloutResumed: 'io.prorata.event.RolloutResumed',
  RolloutRolledBack: 'io.prorata.event.RolloutRolledBack',
  RolloutStarted: 'io.prorata.event.RolloutStarted',
  TeamDefined: 'io.prorata.event.TeamDefined',
  TeamRetired: 'io.prorata.event.TeamRetired',
  TierPolicyPublished: 'io.prorata.event.TierPolicyPublished',
  TreeChangeProposed: 'io.prorata.event.TreeChangeProposed',
  CommandOutcome: 'io.prorata.outcome.CommandOutcome',
  SnapshotManifest: 'io.prorata.snapshot.SnapshotManifest',
  StreamSnapshotChunk: 'io.prorata.snapshot.StreamSnapshotChunk',
  Rule: 'io.prorata.rule.Rule',
  RuleSetComplete: 'io.prorata.rule.RuleSetComplete',
  Lease: 'io.prorata.lease.Lease',
  DemandReport: 'io.prorata.report.DemandReport',
  HostReport: 'io.prorata.report.HostReport',
  RulesDelivered: 'io.prorata.report.RulesDelivered',
  TargetReport: 'io.prorata.report.TargetReport',
  UsageRecorded: 'io.prorata.usage.UsageRecorded',
};
