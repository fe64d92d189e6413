import {
  applicationOf,
  effectiveOnPath,
  parentOf,
  parseStream,
  projectOnPath,
} from '@prorata/quota-model';
import type { ProposalState, QuotaState } from '@prorata/quota-model';
import { timeToJson, toJson } from '@prorata/schemas';
import type {
  ApplicationRegistered,
  EntitlementSet,
  EventEnvelope,
  EventMessage,
  PriceBookDefined,
  TierPolicyPublished,
} from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import { effectiveJson } from './effectiveJson.ts';
import { actorJson, evidenceJson, limitJson } from './jsonForms.ts';

/** The last event that could alter a quota's row. */
export interface Touch {
  readonly stream: string;
  readonly streamVersion: bigint;
  readonly partition: number;
  readonly offset: bigint;
  readonly decidedAt: bigint;
}

export function touchOf(event: EventMessage, partition: number, offset: bigint): Touch {
  const { stream, streamVersion, decidedAt } = event.value.envelope;
  return { stream, streamVersion, partition, offset, decidedAt };
}

export type ProposalStatus = 'open' | 'approved' | 'rejected' | 'expired' | 'withdrawn';

/** As the model sees it: the quota, then those above it, nearest first, as they were at one moment. */
export type QuotaPath = readonly [QuotaState, ...QuotaState[]];

export function quotaRow(path: QuotaPath, touch: Touch): Row {
  const facts = quotaFacts(path, touch);
  const [quota] = path;
  return {
    ...facts,
    partition: touch.partition,
    event_offset: touch.offset,
    name: facts.quota_id.slice(facts.parent.length + 1),
    resources: facts.effective.map(({ resource }) => resource),
    override_until: quota.override === null ? null : timeToJson(quota.override.until),
    is_cut: quota.haircuts.size > 0,
  };
}

/** What is in force and what was comes from here alone. */
export function quotaFacts(
  path: QuotaPath,
  touch: Pick<Touch, 'stream' | 'streamVersion' | 'decidedAt'>,
) {
  const [quota] = path;
  const { quotaId, content } = quota;
  return {
    quota_id: quotaId,
    application: applicationOf(quotaId),
    parent: parentOf(quotaId),
    owner: content.owner,
    project: projectOnPath(path),
    tier: content.tier,
    cut_priority: content.cutPriority,
    labels: content.labels,
    version: quota.version,
    stream: touch.stream,
    stream_version: touch.streamVersion,
    content: toJson('io.prorata.type.QuotaContent', content) as Readonly<Record<string, unknown>>,
    effective: effectiveOnPath(path).map(effectiveJson),
    updated_at: timeToJson(touch.decidedAt),
  };
}

/** @param version the registration's own, which older events do not carry */
export function applicationRow(event: ApplicationRegistered, version: bigint): Row {
  const json = toJson('io.prorata.event.ApplicationRegistered', event) as Record<string, unknown>;
  return {
    application: idOf(event.envelope),
    display_name: event.displayName,
    levels: event.levels,
    resources: json['resources'],
    default_mode: event.defaultMode,
    default_on_stale: event.defaultOnStale,
    robot_changes: event.robotChanges,
    proposal_lifetime_micros: event.proposalLifetimeMicros,
    version,
    attributes_schema: json['attributesSchema'],
    rules: json['rules'],
    validators: json['validators'],
    rightsizing: json['rightsizing'],
    change_policy: json['changePolicy'],
    dispatchers: json['dispatchers'],
    robot_rollout: json['robotRollout'],
    ...provenanceRow(event.envelope),
  };
}

export function entitlementRow(event: EntitlementSet): Row {
  return {
    application: idOf(event.envelope),
    project: event.project,
    resource: event.resource,
    bound: event.bound,
    amount: event.bound === 'amount' ? event.amount : null,
    source:
      event.source === null ? null : toJson('io.prorata.type.EntitlementSource', event.source),
    ...provenanceRow(event.envelope),
  };
}

/** @param closing the event that closed it; null while it is open */
export function proposalRow(
  proposal: ProposalState,
  status: ProposalStatus,
  closing: EventEnvelope | null,
): Row {
  return {
    proposal_id: proposal.proposalId,
    application: applicationOf(proposal.quotaId),
    quota_id: proposal.quotaId,
    status,
    steps: proposal.steps.map((step) => toJson('io.prorata.type.TreeStep', step)),
    limits: proposal.limits.map(limitJson),
    unset_limits: proposal.unsetLimits,
    evidence: proposal.evidence === null ? null : evidenceJson(proposal.evidence),
    origin: proposal.origin,
    opened_at: timeToJson(proposal.provenance.at),
    opened_by: actorJson(proposal.provenance.actor),
    reason: proposal.provenance.reason,
    command_id: proposal.provenance.commandId,
    expires_at: timeToJson(proposal.expiresAt),
    closed_at: closing === null ? null : timeToJson(closing.decidedAt),
    // Of what a timer closed the event names who had set it, and nobody closed it.
    closed_by: closing === null || closing.timer !== null ? null : actorJson(closing.actor),
    closed_reason: closing === null ? null : closing.reason,
    stream_version: closing?.streamVersion ?? proposal.provenance.streamVersion,
  };
}

export function priceBookRow(event: PriceBookDefined): Row {
  return {
    price_book: idOf(event.envelope),
    version: event.version,
    currency: event.currency,
    prices: event.prices.map((price) => toJson('io.prorata.type.Price', price)),
    time_zone: event.timeZone,
    close_after_micros: event.closeAfterMicros,
    shared_costs: event.sharedCosts.map((cost) => toJson('io.prorata.type.SharedCost', cost)),
    idle: event.idle.map((rule) => toJson('io.prorata.type.IdleRule', rule)),
    ...provenanceRow(event.envelope),
  };
}

export function tierPolicyRow(event: TierPolicyPublished): Row {
  return {
    tier_policy: idOf(event.envelope),
    version: event.version,
    steps: event.steps,
    floor_basis_points: event.floorBasisPoints,
    ...provenanceRow(event.envelope),
  };
}

/** The id of the stream's own thing: an application, an organization, a price book. */
export function idOf(envelope: EventEnvelope): string {
  return parseStream(envelope.stream)?.id ?? envelope.stream;
}

/** Who last changed it, and why. */
export function provenanceRow(envelope: EventEnvelope): Row {
  return {
    actor: actorJson(envelope.actor),
    reason: envelope.reason,
    command_id: envelope.commandId,
    stream_version: envelope.streamVersion,
    updated_at: timeToJson(envelope.decidedAt),
  };
}
