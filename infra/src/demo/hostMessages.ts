import type { Request, Service } from './workload.ts';

/** What the demo tells a host process. */
export type ToHost =
  | { readonly kind: 'replay'; readonly requests: readonly Request[]; readonly startAtMs: number }
  | { readonly kind: 'measure' }
  | { readonly kind: 'stop' };

/** A rule that a host now enforces. */
export interface AppliedRule {
  readonly quotaId: string;
  readonly quotaVersion: bigint;
  /** When the SDK applied it, and when a decision first answered under it: milliseconds since the epoch. */
  readonly appliedAtMs: number;
  readonly enforcedAtMs: number;
}

/** What a host did since it was last asked. */
export interface HostFigures {
  readonly decisions: number;
  /** Decisions that the model, given the same clock readings and rules, answered otherwise. */
  readonly unlikeModel: number;
  readonly p99Nanos: number;
  /** How long each decision took. */
  readonly nanos: Float64Array;
  readonly allowed: Readonly<Record<Service, number>>;
  readonly refused: Readonly<Record<Service, number>>;
  readonly source: string;
  readonly rules: number;
  /** The rules in force as JSON text, by quota: what the model is told cannot hide a rule that went. */
  readonly ruleSet: Readonly<Record<string, string>>;
}

/** What a host process tells the demo. */
export type FromHost =
  | {
      readonly kind: 'ready';
      readonly source: string;
      readonly rules: number;
      readonly port: number;
    }
  | { readonly kind: 'applied'; readonly rule: AppliedRule }
  | { readonly kind: 'figures'; readonly figures: HostFigures }
  | { readonly kind: 'failed'; readonly message: string };
