import { timeToJson, toJson } from '@prorata/schemas';
import type { ApprovedProposal } from '@prorata/schemas';
import type { EffectiveLimit, ExplainedLayer, HaircutLayer } from '@prorata/quota-model';
import { actorJson, evidenceJson, limitJson } from './jsonForms.ts';
import type { ActorJson, EvidenceJson, LimitJson } from './jsonForms.ts';

/** A cut as a person can check it: money, window, policy and step. */
export interface HaircutJson {
  readonly budgetId: string;
  readonly project: string;
  readonly cutBasisPoints: number;
  readonly floorBasisPoints: number;
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly spend: string;
  readonly budget: string;
  readonly currency: string;
  readonly overrunBasisPoints: number;
  readonly tierPolicy: string;
  readonly tierPolicyVersion: string;
}

export interface LayerJson {
  readonly layer: ExplainedLayer['layer'];
  /** What holds with this layer and all below it. */
  readonly limit: LimitJson;
  readonly actor: ActorJson;
  readonly reason: string;
  readonly commandId: string | null;
  readonly at: string;
  readonly streamVersion: string;
  readonly evidence: EvidenceJson | null;
  readonly until: string | null;
  readonly suspension: boolean;
  readonly haircut: HaircutJson | null;
  readonly ancestor: string | null;
  /** Whose proposal it was, when it was an approval: the actor is who approved it. */
  readonly approved: ApprovedJson | null;
}

export interface ApprovedJson {
  readonly proposalId: string;
  readonly actor: ActorJson;
  readonly reason: string;
  readonly proposedAt: string;
}

/** A limit in force, as the column `quotas.effective` holds a list of them. */
export interface EffectiveJson {
  readonly resource: string;
  readonly limit: LimitJson;
  readonly boundBy: string;
  readonly layers: readonly LayerJson[];
}

export function effectiveJson(effective: EffectiveLimit): EffectiveJson {
  return {
    resource: effective.resource,
    limit: limitJson(effective.limit),
    boundBy: effective.boundBy,
    layers: effective.layers.map(layerJson),
  };
}

function layerJson(layer: ExplainedLayer): LayerJson {
  return {
    layer: layer.layer,
    limit: limitJson(layer.limit),
    actor: actorJson(layer.provenance.actor),
    reason: layer.provenance.reason,
    commandId: layer.provenance.commandId,
    at: timeToJson(layer.provenance.at),
    streamVersion: layer.provenance.streamVersion.toString(),
    evidence: layer.evidence === null ? null : evidenceJson(layer.evidence),
    until: layer.until === null ? null : timeToJson(layer.until),
    suspension: layer.suspension,
    haircut: layer.haircut === null ? null : haircutJson(layer.haircut),
    ancestor: layer.ancestor,
    approved: layer.provenance.approved === null ? null : approvedJson(layer.provenance.approved),
  };
}

const approvedJson = (approved: ApprovedProposal): ApprovedJson =>
  toJson('io.prorata.type.ApprovedProposal', approved) as ApprovedJson;

function haircutJson(haircut: HaircutLayer): HaircutJson {
  return {
    budgetId: haircut.budgetId,
    project: haircut.project,
    cutBasisPoints: haircut.cutBasisPoints,
    floorBasisPoints: haircut.floorBasisPoints,
    windowStart: timeToJson(haircut.windowStart),
    windowEnd: timeToJson(haircut.windowEnd),
    spend: haircut.spend,
    budget: haircut.budget,
    currency: haircut.currency,
    overrunBasisPoints: haircut.overrunBasisPoints,
    tierPolicy: haircut.tierPolicy,
    tierPolicyVersion: haircut.tierPolicyVersion.toString(),
  };
}
