/** The shapes of an organization: who pays, with what, and what is still to be answered. */
import type {
  BudgetMode,
  BudgetShare,
  BudgetThreshold,
  BudgetWindow,
  HaircutLiftCause,
  ProcessAnswer,
  ThresholdDirection,
  UnitCost,
} from '@prorata/schemas';
import type { CutGround } from './cutGround.ts';
import type { Provenance } from './provenance.ts';

export interface OrganizationRegistration {
  readonly displayName: string;
  readonly version: bigint;
  readonly provenance: Provenance;
}

export interface TeamState {
  readonly teamId: string;
  readonly version: bigint;
  /** null: right below the organization. */
  readonly parent: string | null;
  readonly owner: string;
  readonly displayName: string;
  readonly provenance: Provenance;
}

export interface ProjectState {
  /** `<organization>/<project>`. */
  readonly project: string;
  readonly version: bigint;
  /** null: right below the organization. */
  readonly team: string | null;
  readonly owner: string;
  readonly displayName: string;
  readonly provenance: Provenance;
}

/** A threshold that a budget has crossed. */
export interface CrossedThreshold extends BudgetThreshold {
  readonly direction: ThresholdDirection;
  /** When it was recorded, microseconds. */
  readonly at: bigint;
}

/** What a budget has crossed in the last window in which it crossed anything. */
export interface BudgetCrossings {
  /** Microseconds, half open. */
  readonly windowStart: bigint;
  readonly windowEnd: bigint;
  /** In the order in which they were recorded. */
  readonly crossed: readonly CrossedThreshold[];
}

/** A person's stop of a budget's cuts: over once `until` has passed, of which there is no event. */
export interface BudgetOverrideState {
  /** Microseconds. */
  readonly until: bigint;
  readonly provenance: Provenance;
}

export interface BudgetState {
  readonly budgetId: string;
  readonly version: bigint;
  /** Empty where it is a team's, or the whole organization's. */
  readonly project: string;
  readonly team: string | null;
  /** An exact decimal. */
  readonly amount: string;
  readonly currency: string;
  readonly window: BudgetWindow;
  readonly priceBook: string;
  readonly tierPolicy: string;
  readonly mode: BudgetMode;
  /** Actual before forecast, the lowest first. */
  readonly thresholds: readonly BudgetThreshold[];
  /** By application and resource. */
  readonly split: readonly BudgetShare[];
  readonly crossings: BudgetCrossings | null;
  /** It may be over already. */
  readonly override: BudgetOverrideState | null;
  readonly provenance: Provenance;
}

/** What a budget pays for, or is to pay for. */
export interface AllocationTerms {
  /** Unique within the organization. */
  readonly allocation: bigint;
  readonly budgetId: string;
  /** Base units; of a rate, per second. */
  readonly amount: bigint | 'blocked';
  readonly unitCost: UnitCost | null;
  /** Over one window of the budget, in picos of its currency. */
  readonly costPicos: bigint;
  readonly provenance: Provenance;
}

export interface AllocationState {
  readonly project: string;
  readonly application: string;
  readonly resource: string;
  /** What the application has accepted; null: nothing yet. */
  readonly accepted: AllocationTerms | null;
  /** What it has yet to answer. */
  readonly pending: AllocationTerms | null;
}

/** A cut in one application: what it answered, or null while it has not. */
export interface CutAnswer {
  readonly answer: ProcessAnswer;
  readonly code: string | null;
  readonly detail: string | null;
  /** Microseconds. */
  readonly at: bigint;
}

/** A budget's cut that is to be applied or lifted. */
export interface CutState extends CutGround {
  /** Unique within the organization. */
  readonly cutId: bigint;
  /** null: it is to be applied. */
  readonly lift: HaircutLiftCause | null;
  readonly cutBasisPoints: readonly number[];
  readonly floorBasisPoints: readonly number[];
  /** By tier, the least cut priority that is cut; empty: all are. */
  readonly priorityMin: readonly number[];
  /** The applications that have not accepted it. */
  readonly applications: ReadonlyMap<string, CutAnswer | null>;
  readonly provenance: Provenance;
}

/** What a budget in dry_run would have cut of a project, the last that was told. */
export interface RehearsedCutState extends CutGround {
  /** Of the tier policy, from 0; -1: a cut would have been lifted. */
  readonly step: number;
  readonly applications: readonly string[];
  /** How many would have been cut. */
  readonly quotas: number;
  readonly cutBasisPoints: readonly number[];
  readonly floorBasisPoints: readonly number[];
  readonly priorityMin: readonly number[];
  readonly provenance: Provenance;
}

/** A credit that was not taken back. */
export interface CreditState {
  readonly creditId: string;
  /** null: the organization as a whole. */
  readonly project: string | null;
  readonly priceBook: string;
  /** An exact decimal above 0. */
  readonly amount: string;
  readonly currency: string;
  /** When it counts, microseconds. */
  readonly at: bigint;
  /** The stream's version at its grant. */
  readonly grantedVersion: bigint;
  readonly provenance: Provenance;
}

/** The last period of a price book that was closed. */
export interface ClosedPeriodState {
  readonly priceBook: string;
  readonly priceBookVersion: bigint;
  readonly currency: string;
  /** Microseconds, half open. */
  readonly periodStart: bigint;
  readonly periodEnd: bigint;
  /** In hexadecimal. */
  readonly linesSha256: string;
  readonly provenance: Provenance;
}

export interface OrganizationState {
  readonly kind: 'organization';
  readonly id: string;
  /** null: budgets alone have been defined, for projects that nobody has. */
  registration: OrganizationRegistration | null;
  readonly teams: Map<string, TeamState>;
  readonly projects: Map<string, ProjectState>;
  readonly budgets: Map<string, BudgetState>;
  /** By holder and series, as `organization/budgetTree.ts` has them: the budget that is there. */
  readonly budgetAt: Map<string, Map<string, string>>;
  /** By holder and series: what the nearest budgets below sum to, in picos; no entry for nothing. */
  readonly promised: Map<string, Map<string, bigint>>;
  /** By `<project> <application> <resource>`. */
  readonly allocations: Map<string, AllocationState>;
  /** By budget: what its allocations cost, in picos, the pending ones included; no entry for nothing. */
  readonly allocated: Map<string, bigint>;
  /** Cuts that some application has not accepted, by id as text. */
  readonly cuts: Map<string, CutState>;
  /** By `<budget> <project>`. */
  readonly rehearsedCuts: Map<string, RehearsedCutState>;
  readonly credits: Map<string, CreditState>;
  /** By price book. */
  readonly closedPeriods: Map<string, ClosedPeriodState>;
}

export function allocationKey(project: string, application: string, resource: string): string {
  return `${project} ${application} ${resource}`;
}

export function rehearsedCutKey(budgetId: string, project: string): string {
  return `${budgetId} ${project}`;
}
