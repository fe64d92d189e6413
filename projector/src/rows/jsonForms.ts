import { limitToJson, toJson } from '@prorata/schemas';
import type { Actor, Evidence, ResourceLimit } from '@prorata/schemas';

/** An actor as it stands in a row and in an answer. */
export interface ActorJson {
  readonly kind: string;
  readonly issuer: string;
  readonly subject: string;
}

export interface EvidenceJson {
  readonly policy: string;
  readonly source: string;
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly figures: Readonly<Record<string, string>>;
  readonly inputsHash: string;
}

/** One limit, flat: whole numbers above 2^53-1 are text. Blocked and unlimited have neither time nor window. */
export interface LimitJson {
  readonly resource: string;
  readonly rate?: {
    readonly amount: number | string;
    readonly per?: string;
    readonly burst?: number | string;
  };
  readonly concurrency?: { readonly max: number | string };
  readonly capacity?: {
    readonly max: number | string;
    readonly guaranteed?: number | string;
  };
  readonly consumable?: {
    readonly amount: number | string;
    readonly window?: string;
    readonly zone?: string;
  };
}

export const actorJson = (actor: Actor): ActorJson =>
  toJson('io.prorata.type.Actor', actor) as ActorJson;

export const evidenceJson = (evidence: Evidence): EvidenceJson =>
  toJson('io.prorata.type.Evidence', evidence) as EvidenceJson;

export const limitJson = (limit: ResourceLimit): LimitJson =>
  limitToJson(limit) as unknown as LimitJson;
