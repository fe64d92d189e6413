import * as tables from '../database/tables.ts';
import {
  APPLICATION,
  columnsOf,
  OF_APPLICATION,
  OF_QUOTA,
  RESOURCE,
  viewOf,
} from './auditorView.ts';
import type { AuditorView } from './auditorView.ts';

export const quotas = viewOf(tables.quotas, {
  about: 'Quotas that are in force: what was declared, and what holds now.',
  stream: OF_APPLICATION,
  columns: {
    quota_id: 'The path of the quota.',
    application: APPLICATION,
    parent: 'The quota above, or the application.',
    name: 'The last segment of the id.',
    owner: 'The owning group.',
    project: 'Who pays, <organization>/<project>, inherited or its own; null: nobody.',
    tier: '0 to 4; 0 is the most protected.',
    cut_priority: 'Within a tier, higher numbers are cut first.',
    labels: 'Free labels.',
    version: "The quota's own version.",
    content: 'What its owner declared: limits, match, action, mode.',
    resources: 'Resources of which something is in force.',
    effective: 'Limits in force with every layer; one a row in `limits`, one a layer in `layers`.',
    override_until: "When the quota's own override ends; null: it has none.",
    is_cut: "Whether a budget's cut lies on the quota itself.",
    stream: 'Its stream.',
    stream_version: "The last event that could alter the row, an ancestor's included.",
    partition: 'Where that event stands in `quota.events`.',
    event_offset: 'Where that event stands in the partition.',
    updated_at: 'When it was decided.',
  },
});

const LIMIT = `(e.entry -> 'limit')`;
const UPPER = `coalesce(l.body ->> 'amount', l.body ->> 'max')`;

export const limits: AuditorView = {
  name: 'limits',
  projection: 'quotas',
  about: 'Limits in force: one row for each quota and resource.',
  stream: OF_APPLICATION,
  from: (schema) =>
    `${schema}."quotas" AS t CROSS JOIN LATERAL jsonb_array_elements(t.effective) AS e (entry) ` +
    `CROSS JOIN LATERAL jsonb_each(${LIMIT} - 'resource') AS l (kind, body)`,
  columns: {
    ...columnsOf(tables.quotas, {
      quota_id: 'The path of the quota.',
      application: APPLICATION,
      project: 'Who pays; null: nobody.',
      owner: 'The owning group.',
      tier: '0 to 4; 0 is the most protected.',
    }),
    resource: { type: 'text', sql: `e.entry ->> 'resource'`, about: RESOURCE },
    kind: {
      type: 'text',
      sql: 'l.kind',
      about: '`rate`, `concurrency`, `capacity` or `consumable`.',
    },
    bound: {
      type: 'text',
      sql: `CASE WHEN ${UPPER} IN ('unlimited', 'blocked') THEN ${UPPER} ELSE 'amount' END`,
      about: '`amount`, `unlimited` or `blocked`.',
    },
    amount: {
      type: 'numeric',
      sql: `CASE WHEN ${UPPER} IN ('unlimited', 'blocked') THEN NULL ELSE ${UPPER} END`,
      about:
        "How much, or the maximum, in the resource's base unit; null unless `bound` is `amount`.",
    },
    guaranteed: {
      type: 'numeric',
      sql: `l.body ->> 'guaranteed'`,
      about: "A capacity's guarantee; null: none.",
    },
    per: { type: 'text', sql: `l.body ->> 'per'`, about: "A rate's time, such as `1s`." },
    bound_by: {
      type: 'text',
      sql: `e.entry ->> 'boundBy'`,
      about: 'The quota whose limit it is: this one, or the ancestor that binds.',
    },
    whole_limit: { type: 'jsonb', sql: LIMIT, about: 'The limit as the API tells it.' },
  },
};

const LAYER = 'l.layer';

export const layers: AuditorView = {
  name: 'layers',
  projection: 'quotas',
  about: 'What each limit in force comes from: one row a layer, from what was declared upwards.',
  stream: OF_APPLICATION,
  from: (schema) =>
    `${schema}."quotas" AS t CROSS JOIN LATERAL jsonb_array_elements(t.effective) AS e (entry) ` +
    `CROSS JOIN LATERAL jsonb_array_elements(e.entry -> 'layers') WITH ORDINALITY AS l (layer, place)`,
  columns: {
    ...columnsOf(tables.quotas, { quota_id: 'The path of the quota.', application: APPLICATION }),
    resource: { type: 'text', sql: `e.entry ->> 'resource'`, about: RESOURCE },
    place: {
      type: 'bigint',
      sql: 'l.place',
      about: '1 is what was declared; each lies on the one before.',
    },
    layer: {
      type: 'text',
      sql: `${LAYER} ->> 'layer'`,
      about: '`base`, `rightsized`, `haircut`, `override` or `ancestor`.',
    },
    whole_limit: {
      type: 'jsonb',
      sql: `${LAYER} -> 'limit'`,
      about: 'What holds with this layer and all below it.',
    },
    actor: { type: 'jsonb', sql: `${LAYER} -> 'actor'`, about: 'Who set it.' },
    reason: { type: 'text', sql: `${LAYER} ->> 'reason'`, about: 'Why.' },
    command_id: {
      type: 'text',
      sql: `${LAYER} ->> 'commandId'`,
      about: 'The command; null: a timer.',
    },
    set_at: { type: 'timestamptz', sql: `${LAYER} ->> 'at'`, about: 'When.' },
    stream_version: {
      type: 'bigint',
      sql: `${LAYER} ->> 'streamVersion'`,
      about: "The event, by the version of the application's stream.",
    },
    until: {
      type: 'timestamptz',
      sql: `${LAYER} ->> 'until'`,
      about: 'When it ends; null: it has no end.',
    },
    evidence: {
      type: 'jsonb',
      sql: `nullif(${LAYER} -> 'evidence', 'null')`,
      about: "A robot's evidence; null: a person set it.",
    },
    haircut: {
      type: 'jsonb',
      sql: `nullif(${LAYER} -> 'haircut', 'null')`,
      about: 'Of a cut: budget, spend, window, policy and step.',
    },
    ancestor: {
      type: 'text',
      sql: `${LAYER} ->> 'ancestor'`,
      about: 'The quota above that binds.',
    },
    approved: {
      type: 'jsonb',
      sql: `nullif(${LAYER} -> 'approved', 'null')`,
      about: 'Whose proposal it was, when the actor approved it.',
    },
  },
};

export const commitments = viewOf(tables.commitments, {
  about: 'What is handed out below each quota, and below each application, by resource.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    node: 'The quota, or the application for its totals.',
    resource: RESOURCE,
    quotas: 'The nearest quotas below that declare the resource.',
    unlimited: 'How many of them are unlimited.',
    guaranteed: 'The sum of their guarantees.',
    committed: 'The sum of their limits in base units, of rates per second; null: unlimited.',
    capacity: 'What there is to hand out; null: nobody says.',
    basis_points: 'The share of it that is handed out; 10,000 is all of it.',
    is_oversubscribed: 'Whether more is handed out than there is.',
  },
});

export const declaredLimits = viewOf(tables.declaredLimits, {
  about:
    'What each quota commits by itself: as its owner and the evidence set it, cuts, overrides and ancestors apart.',
  stream: OF_APPLICATION,
  columns: {
    quota_id: 'The quota.',
    resource: RESOURCE,
    application: APPLICATION,
    committed: 'The limit in base units, of a rate per second; Infinity: unlimited.',
    guaranteed: 'What of it is guaranteed.',
  },
});

export const quotaVersions = viewOf(tables.quotaVersions, {
  about: 'What each quota declared, version by version.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    stream_version: "The version of the application's stream.",
    quota_id: 'The id that the quota has now, or had last.',
    version: "The quota's version.",
    ended: "The stream's version at which the quota was deleted; null: it is there.",
    type: 'The event.',
    from_version: 'Of a restoration: the version whose content it was.',
    content: 'What was declared.',
    content_hash: '[Its hash](content-hash.md), hex.',
    event_id: 'The event.',
    actor: 'Who declared it.',
    reason: 'Why.',
    command_id: 'The command; null: a timer did it.',
    decided_at: 'When.',
  },
});

export const quotaHistory: AuditorView = {
  ...viewOf(tables.quotaHistory, {
    about:
      'What each quota was by itself, layers included: one row for each span in which it did not change.',
    stream: OF_QUOTA,
    columns: {
      quota_id: 'The path that the quota had.',
      since: "The version of the application's stream that began the span.",
      until: 'The version that ended it; null: it lasts.',
      since_time: 'When it began.',
      until_time: 'When it ended; null: it lasts.',
      below_since: 'The last version of the quota that could alter what lies below it.',
      below_since_time: 'When that was.',
      record: "The model's record of the quota; what is in it may change with the model.",
    },
  }),
};
