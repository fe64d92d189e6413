/** The rows of answers as JSON Schema; `projector.int.spec` holds them against real answers. */

import { hostStates, targetStates } from '../enforcement/enforcementSql.ts';

type Part = Readonly<Record<string, unknown>>;

const text: Part = { type: 'string' };
const textOrNull: Part = { type: ['string', 'null'] };
const whole: Part = { type: 'integer' };
const long: Part = { type: ['integer', 'string'], description: 'As text above 2^53-1.' };
const longOrNull: Part = { ...long, type: ['integer', 'string', 'null'] };
const time: Part = { type: 'string', format: 'date-time' };
const timeOrNull: Part = { type: ['string', 'null'], format: 'date-time' };
const record: Part = { type: 'object' };
const recordOrNull: Part = { type: ['object', 'null'] };
const records: Part = { type: 'array', items: record };
const texts: Part = { type: 'array', items: text };
const actor: Part = {
  type: 'object',
  required: ['kind', 'issuer', 'subject'],
  properties: { kind: { enum: ['user', 'service', 'robot'] }, issuer: text, subject: text },
};

export const quotaFields: Readonly<Record<string, Part>> = {
  quotaId: text,
  application: text,
  parent: text,
  owner: text,
  project: textOrNull,
  tier: whole,
  cutPriority: whole,
  labels: { type: 'object', additionalProperties: text },
  version: long,
  stream: text,
  streamVersion: long,
  content: record,
  effective: records,
  updatedAt: time,
};

export const proposalFields: Readonly<Record<string, Part>> = {
  proposalId: text,
  application: text,
  quotaId: text,
  status: { enum: ['open', 'approved', 'rejected', 'expired', 'withdrawn'] },
  steps: records,
  limits: records,
  unsetLimits: texts,
  evidence: recordOrNull,
  origin: text,
  openedAt: time,
  openedBy: actor,
  reason: text,
  commandId: textOrNull,
  expiresAt: time,
  closedAt: timeOrNull,
  closedBy: {
    anyOf: [actor, { type: 'null' }],
    description: 'null: it is open, or it expired, which nobody did.',
  },
  closedReason: textOrNull,
  streamVersion: long,
};

export const rolloutFields: Readonly<Record<string, Part>> = {
  rolloutId: text,
  application: text,
  quotaId: { ...text, description: 'The quota, or the application, at or above all of them.' },
  quotas: { ...texts, description: 'The quotas that it changes.' },
  status: { enum: ['on', 'paused', 'promoted', 'rolled_back'] },
  stage: { ...whole, description: 'The stage that is on, or was last, counted from 0.' },
  stages: records,
  entered: { ...records, description: 'When each stage began, and what led to it.' },
  gate: recordOrNull,
  steps: records,
  bakedAt: { ...time, description: 'When the stage has baked, or had.' },
  startedAt: time,
  startedBy: actor,
  reason: text,
  commandId: textOrNull,
  ending: {
    ...recordOrNull,
    description: 'What led to its end, and on what evidence; null: it is on.',
  },
  changedAt: time,
  changedBy: { ...actor, description: 'Who took the last step, and, in `changedReason`, why.' },
  changedReason: text,
  streamVersion: long,
};

export const budgetFields: Readonly<Record<string, Part>> = {
  organization: text,
  budgetId: text,
  project: { ...text, description: "Empty where it is a team's, or the whole organization's." },
  team: textOrNull,
  amount: { ...text, description: 'An exact decimal.' },
  currency: text,
  window: record,
  priceBook: text,
  tierPolicy: text,
  mode: { enum: ['dry_run', 'enforce'], description: 'dry_run: it only tells what it would cut.' },
  thresholds: { ...records, description: 'Parts of the amount at which its owner is told.' },
  split: {
    ...records,
    description: 'What part of its money each resource may be given as entitlement.',
  },
  crossings: {
    ...recordOrNull,
    description: 'The thresholds crossed in the last window that crossed any; null: none.',
  },
  override: {
    ...recordOrNull,
    description:
      'Who keeps it from cutting, why, and until when: over once `until` has passed; null: nobody.',
  },
  version: long,
  actor,
  reason: text,
  updatedAt: time,
  problem: {
    type: ['object', 'null'],
    description: 'Why it can cut nothing; null: it can.',
    required: ['code', 'detail'],
    properties: {
      code: { enum: ['PRICE_BOOK_UNKNOWN', 'CURRENCY_OTHER', 'TIER_POLICY_UNKNOWN'] },
      detail: text,
    },
  },
};

/** An event or a refusal, as `GET /v1/audit` lists them. */
export const auditFields: Readonly<Record<string, Part>> = {
  kind: { enum: ['event', 'refusal'] },
  topic: text,
  partition: whole,
  offset: long,
  stream: text,
  streamVersion: long,
  eventId: textOrNull,
  type: text,
  quotaId: textOrNull,
  quotaVersion: longOrNull,
  commandId: textOrNull,
  commandOffset: longOrNull,
  cause: {
    enum: ['command', 'timer'],
    description: 'timer: it came due by itself, and the actor is who had set it.',
  },
  timer: textOrNull,
  actor: { anyOf: [actor, { type: 'null' }] },
  reason: text,
  code: { ...textOrNull, description: 'Of a refusal; null: it is an event.' },
  decidedAt: time,
  hash: { ...textOrNull, description: 'Of an event, in lower-case hex.' },
  previousHash: textOrNull,
  body: { ...record, description: 'The whole record, in the fields of its schema.' },
};

/** One limit in force and what it comes from, as `GET /v1/quotas/{quotaId}/explain` tells it. */
export const explainedFields: Readonly<Record<string, Part>> = {
  resource: text,
  limit: record,
  boundBy: { ...text, description: 'The quota whose limit it is: this one or an ancestor.' },
  decidedBy: { ...textOrNull, description: 'The layer that decides.' },
  sentence: text,
  layers: {
    type: 'array',
    description: 'From what was declared upwards.',
    items: {
      type: 'object',
      required: ['layer', 'limit', 'actor', 'reason', 'at'],
      properties: { layer: text, limit: record, actor, reason: text, at: time },
    },
  },
};

/** One event about a quota, as `GET /v1/quotas/{quotaId}/history` tells it. */
export const historyFields: Readonly<Record<string, Part>> = {
  quotaId: { ...textOrNull, description: 'null: a proposal whose steps name the quota.' },
  quotaVersion: longOrNull,
  streamVersion: long,
  type: text,
  eventId: text,
  actor,
  cause: { ...text, description: 'command, or timer: the actor is who had set it.' },
  timer: textOrNull,
  reason: text,
  commandId: textOrNull,
  decidedAt: time,
};

const amountOrNull: Part = { ...textOrNull, description: 'An exact decimal.' };

/** One declared limit that nobody has used, as `GET /v1/unused` tells it. */
export const unusedFields: Readonly<Record<string, Part>> = {
  quotaId: text,
  application: text,
  resource: text,
  owner: text,
  project: textOrNull,
  committed: {
    ...textOrNull,
    description: 'The upper bound that is declared, of a rate per second; null: unlimited.',
  },
  guaranteed: text,
  state: { enum: ['unused', 'noData'] },
  lastUsedAt: { ...timeOrNull, description: 'null: never, as far as usage is known.' },
  used: {
    type: 'object',
    description: 'Of the last day, 7 and 30 days before `data.takenAt`; null: nothing is known.',
    required: ['1d', '7d', '30d'],
    properties: { '1d': amountOrNull, '7d': amountOrNull, '30d': amountOrNull },
  },
  refused30d: amountOrNull,
  peak30d: amountOrNull,
  reportedFrom: {
    ...timeOrNull,
    description: 'Since when hosts of the application have reported; null: they never have.',
  },
  reportedTo: timeOrNull,
};

const offset: Part = {
  ...longOrNull,
  description: 'Where an event stands in its partition of `quota.events`; -1: before any.',
};

/** A host as it said last, as `GET /v1/hosts` tells it. */
export const hostFields: Readonly<Record<string, Part>> = {
  application: text,
  hostId: text,
  bootId: { ...text, description: 'A start of the host.' },
  zone: { ...textOrNull, description: 'null: the host does not say.' },
  state: {
    enum: hostStates,
    description:
      'current: it has applied all that it should. behind: it has not, and drifted: for more than a minute. refused: it ' +
      'could not take a rule. silent: it has missed three reports. unregistered: nobody has registered its application.',
  },
  desiredOffset: {
    ...offset,
    description: 'The newest event that changed the rules; null: there is none.',
  },
  deliveredOffset: {
    ...offset,
    description:
      "The newest that the relay has brought to the rules' topic; null: it has not said.",
  },
  appliedOffset: { ...long, description: 'The newest that the host has applied; -1: none.' },
  behindSince: {
    ...timeOrNull,
    description:
      'When the oldest change was decided that it lacks, within 5 s; null: it lacks none.',
  },
  rules: whole,
  rejectedRules: { ...whole, description: 'Quotas whose newest rule it could not take.' },
  source: { enum: ['kafka', 'http', 'disk'], description: 'Where its rules came from.' },
  sdkVersion: text,
  appliedAt: { ...timeOrNull, description: "By the host's clock; null: never." },
  reportedAt: { ...time, description: "By the host's clock." },
  heardAt: { ...time, description: 'By the record of its report in the log.' },
};

/** What a dispatcher writes to, as `GET /v1/targets` tells it. */
export const targetFields: Readonly<Record<string, Part>> = {
  application: text,
  dispatcher: text,
  kind: text,
  target: text,
  state: {
    enum: targetStates,
    description:
      'current: read back, and as it should be. behind: not written yet. drifted: somebody else changed it, or it has ' +
      'been behind for more than a minute. refused: it, or the check before it, does not take it. unreachable: it does ' +
      'not answer. silent: its dispatcher has said nothing for three minutes, or never.',
  },
  desiredOffset: offset,
  deliveredOffset: offset,
  appliedOffset: offset,
  checksum: { ...textOrNull, description: 'SHA-256 of the text that was delivered last, hex.' },
  problem: textOrNull,
  since: { ...timeOrNull, description: 'Since when it is so; null: nothing was reported.' },
  reportedAt: timeOrNull,
  heardAt: timeOrNull,
};

/** A list of rows, each with all of its fields. */
export function rowsOf(fields: Readonly<Record<string, Part>>): Part {
  return {
    type: 'array',
    items: { type: 'object', required: Object.keys(fields), properties: fields },
  };
}
