import {
  bearerSecurity,
  callerStatuses,
  problemResponses,
  sharedComponents,
} from '@prorata/service-runtime';
import type { OpenApiFragment } from '@prorata/service-runtime';
import { hostStates, targetStates } from '../enforcement/enforcementSql.ts';
import { listings, rowSchema } from './listings.ts';
import {
  auditFields,
  budgetFields,
  explainedFields,
  historyFields,
  hostFields,
  proposalFields,
  quotaFields,
  rolloutFields,
  rowsOf,
  targetFields,
  unusedFields,
} from './rowSchemas.ts';
import { ROLLOUT_STATUSES } from './rolloutRoutes.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required: boolean;
  readonly description: string;
  readonly schema: object;
}

const text = { type: 'string' };
const query = (name: string, description: string, schema: object = text): Parameter => ({
  name,
  in: 'query',
  required: false,
  description,
  schema,
});
const path = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: text,
});

const paging = [
  query('after', 'The `next` of the answer before.'),
  query('limit', 'Rows of one answer.', {
    type: 'integer',
    minimum: 1,
    maximum: 1_000,
    default: 100,
  }),
];

const atLeast = query(
  'atLeast',
  "A write's Prorata-At-Least, or several with commas between: waits up to 2 s until the answer shows it.",
);

const asOf = query(
  'asOf',
  "As it was: a time (every decision up to it), or a version of the application's stream.",
);
/** What was asked for; absent: it is of now. */
const asOfMember = { ...text, description: 'The moment, where one was asked for.' };

const lag = {
  type: ['integer', 'null'],
  description:
    'At most how many records of the log the answer does not show yet; null: the log did not say.',
};

const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description:
    'The ETag of the answer that the asker has. That of one quota begins with its version, and goes to If-Match as it is.',
  schema: text,
};
const lagHeader = {
  'Prorata-Lag': { description: 'As `lag`; unknown: the log did not say.', schema: text },
};

function get(
  summary: string,
  parameters: readonly Parameter[],
  properties: Readonly<Record<string, object>>,
  { waits = true } = {},
): object {
  return {
    get: {
      summary,
      parameters: waits ? [...parameters, atLeast, ifNoneMatch] : parameters,
      security: bearerSecurity,
      responses: {
        200: {
          description: 'Found.',
          content: {
            'application/json': { schema: { type: 'object', properties: { ...properties, lag } } },
          },
        },
        ...(waits ? { 304: { description: 'As the asker has it.', headers: lagHeader } } : {}),
        ...problemResponses(...callerStatuses, 405, 422),
      },
    },
  };
}

const openPath = (path: string): string => path.replaceAll(/:(\w+)/g, '{$1}');
const list = { type: 'array', items: { type: 'object' } };
const differences = {
  type: 'array',
  items: {
    type: 'object',
    required: ['quotaId', 'change', 'before', 'after', 'fields', 'limits'],
    properties: {
      quotaId: text,
      change: { enum: ['created', 'deleted', 'changed'] },
      before: { type: ['object', 'null'] },
      after: { type: ['object', 'null'] },
      fields: { ...list, description: 'What is declared: field, before, after.' },
      limits: { ...list, description: 'What is in force: resource, before, after.' },
    },
  },
};
const next = { type: ['string', 'null'] };
const quotaId = path('quotaId', "The quota's id, percent-encoded: moka%2Fprod%2Fads.");

const feed = {
  get: {
    summary:
      'Changes as they happen, as server-sent events; a client that comes back with the last id misses none.',
    description:
      'Each `change` is an event about what the caller may read, told when every read shows it. Its id, and that ' +
      'of each `heartbeat`, says where to go on. With within, changes above that reach it are told, too.',
    parameters: [
      query('application', 'Of this application.'),
      query('within', 'Of this quota and all below it, or all of this application.'),
      query('owner', 'Of quotas that this group owned before or owns after.'),
      query('project', 'That this project paid for before or pays for after, inherited included.'),
      query('type', 'Only events of these types, with commas between.'),
      query('lastEventId', 'As the header Last-Event-ID, for those who cannot send it.'),
      {
        name: 'Last-Event-ID',
        in: 'header',
        required: false,
        description:
          'Where to go on: the last id of a feed over the same application or within; absent: now.',
        schema: text,
      },
    ],
    security: bearerSecurity,
    responses: {
      200: { description: 'Goes on.', content: { 'text/event-stream': { schema: text } } },
      ...problemResponses(...callerStatuses, 405, 422),
    },
  },
};

export const openapi: OpenApiFragment = {
  paths: {
    '/v1/applications/{application}': get(
      'A registration as it was sent last, its checks and terms included.',
      [path('application', "The application's id.")],
      {
        application: text,
        version: { type: ['integer', 'string'] },
        streamVersion: { type: ['integer', 'string'] },
        resources: list,
        attributesSchema: { type: ['object', 'null'] },
        rules: list,
        validators: list,
        changePolicy: { type: 'object' },
        robotRollout: { type: ['object', 'null'] },
      },
    ),
    '/v1/quotas': get(
      'Quotas that are in force, by id.',
      [
        query('application', 'Of this application.'),
        query('owner', 'Of this owning group.'),
        query('project', 'That this project pays for, inherited included.'),
        query('parent', 'The children of this quota, or of this application.'),
        query('within', 'This quota and all below it, or all of this application.'),
        query('label', 'That have these labels: name:value, with commas between.'),
        query('resource', 'Of whose resource something is in force.'),
        query('tier', 'Of this tier.', { enum: ['0', '1', '2', '3', '4'] }),
        query(
          'state',
          'Under an override of their own, or one that ends soon; under a cut of their own; that hand out more than ' +
            'they have.',
          { enum: ['overridden', 'expiring', 'cut', 'oversubscribed'] },
        ),
        query('endsBefore', 'Whose override ends before this time; of expiring absent: in a day.', {
          type: 'string',
          format: 'date-time',
        }),
        query(
          'search',
          'Whose name, the last part of the id, begins so; with a slash: whose id does.',
        ),
        query('sort', 'Absent: by quotaId, or of a search for names by name.', {
          enum: ['quotaId', 'name', 'overrideUntil'],
        }),
        query('order', 'The way of the order.', { enum: ['asc', 'desc'], default: 'asc' }),
        { ...asOf, description: `${asOf.description} With application and within alone.` },
        ...paging,
      ],
      { quotas: rowsOf(quotaFields), next, asOf: asOfMember },
    ),
    '/v1/quotas/{quotaId}': get(
      'One quota: what is declared, and what is in force.',
      [quotaId, asOf],
      { ...quotaFields, asOf: asOfMember },
    ),
    '/v1/quotas/{quotaId}/explain': get(
      'Why each limit is what it is: a sentence, and every layer with who, when, why and evidence.',
      [quotaId, asOf],
      {
        quotaId: text,
        version: { type: ['integer', 'string'] },
        project: { type: ['string', 'null'] },
        tier: { type: 'integer' },
        updatedAt: { ...text, format: 'date-time' },
        limits: rowsOf(explainedFields),
        rollout: {
          type: ['object', 'null'],
          description:
            'The rollout that is on here or above; hosts of its stages enforce its candidate instead. null: none, or a past moment.',
        },
        rightsizing: {
          type: ['array', 'null'],
          items: { type: 'object' },
          description:
            'By resource, how evidence may move its limit by now: bounds, class and pin, each with the node that says so. null: a past moment.',
        },
        asOf: asOfMember,
      },
    ),
    '/v1/quotas/{quotaId}/history': get(
      'What happened under the id of a quota, layers and proposals included: who, when and why.',
      [
        quotaId,
        query('order', 'Oldest or newest first.', { enum: ['asc', 'desc'], default: 'desc' }),
        ...paging,
      ],
      { quotaId: text, events: rowsOf(historyFields), next },
    ),
    '/v1/quotas/{quotaId}/versions': get(
      'What a quota declared, version by version: who, when and why. Of one that was deleted, its last life.',
      [
        quotaId,
        query('order', 'Oldest or newest first.', { enum: ['asc', 'desc'], default: 'desc' }),
        ...paging,
      ],
      { quotaId: text, isDeleted: { type: 'boolean' }, versions: list, next },
    ),
    '/v1/quotas/{quotaId}/versions/{version}': get(
      'What held at one version of a quota, in the form in which it can be restored or declared.',
      [quotaId, path('version', 'A version of the quota.')],
      {
        quotaId: text,
        version: { type: ['integer', 'string'] },
        type: text,
        contentHash: text,
        content: { type: 'object' },
      },
    ),
    '/v1/commitments': get(
      'What is handed out below each quota and of each application, and of how much: whether all that was ' +
        'promised fits.',
      [
        query('application', 'Of this application.'),
        query('within', 'Of this quota and those below it, or of this application.'),
        query('resource', 'Of this resource.'),
        query('level', 'application: of totals alone, with the sums over all applications.', {
          enum: ['application', 'quota', 'all'],
          default: 'all',
        }),
        query('oversubscribed', 'true: only where more is handed out than there is.', {
          enum: ['true', 'false'],
          default: 'false',
        }),
        ...paging,
      ],
      { commitments: list, totals: { type: ['array', 'null'], items: { type: 'object' } }, next },
    ),
    '/v1/holdings': get(
      'What an owner, or a project, has everywhere: by application and resource, the sum of what is in force ' +
        'for its quotas that lie below no other of its own.',
      [
        query('owner', 'The owning group.'),
        query('project', 'Who pays, inherited included; instead of owner.'),
      ],
      {
        owner: { type: ['string', 'null'] },
        project: { type: ['string', 'null'] },
        holdings: list,
        quotas: { type: 'integer' },
        isWhole: { type: 'boolean', description: 'false: there are more than 5,000 quotas.' },
      },
    ),
    '/v1/unused': get(
      'Declared limits that nobody has used for some time, by application and resource, what commits most first.',
      [
        query('unusedForDays', 'Nothing was used in so many days up to `data.knownUntil`.', {
          type: 'integer',
          minimum: 1,
          maximum: 365,
          default: 30,
        }),
        query('application', 'Of this application.'),
        query('within', 'Of this quota and those below it, or of this application.'),
        query('resource', 'Of this resource.'),
        query('owner', 'Of this owning group.'),
        query('project', 'That this project pays for, inherited included.'),
        query(
          'state',
          'unused: usage of it is known, and there was none in that time. noData: nothing was ever reported of it, or ' +
            'hosts of its application have not reported for as long, so that nobody knows.',
          { enum: ['unused', 'noData', 'all'], default: 'all' },
        ),
        query(
          'after',
          'The `next` of the answer before; a page may be short, or empty, and go on.',
        ),
        query('limit', 'Rows of one answer.', {
          type: 'integer',
          minimum: 1,
          maximum: 1_000,
          default: 100,
        }),
      ],
      {
        unusedSince: { ...text, format: 'date-time' },
        data: {
          type: ['object', 'null'],
          description: 'What usage is known from, and how old it is; null: nobody sums it up here.',
        },
        quotas: rowsOf(unusedFields),
        next,
      },
    ),
    '/v1/diff': get(
      'What is other at one moment than at another: of a quota, or of a tree, by id. A quota whose version alone is other is left out.',
      [
        {
          ...query('within', 'The quota and all below it, or all of the application.'),
          required: true,
        },
        query('below', 'false: the quota alone.', { enum: ['true', 'false'], default: 'true' }),
        { ...query('from', 'The one moment, as asOf says it.'), required: true },
        query('to', 'The other; absent: now.'),
        query('after', 'The `next` of the answer before.'),
        query('limit', 'Quotas that are looked at: of them those are told that differ.', {
          type: 'integer',
          minimum: 1,
          maximum: 1_000,
          default: 100,
        }),
      ],
      { from: text, to: text, differences, next },
    ),
    '/v1/feed': feed,
    '/v1/audit': get(
      'Events and refused commands by decision time. All filters that are given hold.',
      [
        query(
          'words',
          'Whose reason has all of these words, in any order; quot* is every word that begins so.',
        ),
        query(
          'type',
          'Of these types, of events or of the commands that were refused: with commas between.',
        ),
        query('code', 'Refused with one of these codes, with commas between.'),
        query('commandId', 'Of this command: what it became, or why it was refused.'),
        query('stream', 'Of this stream.'),
        query('quotaId', 'About this quota, and proposals of changes whose steps name it.'),
        query('within', 'About this quota and all below it; of an application, all of its stream.'),
        query(
          'project',
          'About quotas that this project pays for now, inherited included, and about the project itself; with ' +
            'within, only there. SEARCH_TOO_WIDE above 1,000 quotas.',
        ),
        query('actor', 'By this actor: user:<subject>, or the subject alone.'),
        query('kind', 'Only these.', { enum: ['event', 'refusal', 'all'], default: 'all' }),
        query('from', 'Decided then or later.', { type: 'string', format: 'date-time' }),
        query('until', 'Decided before.', { type: 'string', format: 'date-time' }),
        query('order', 'Oldest or newest first.', { enum: ['asc', 'desc'], default: 'asc' }),
        ...paging,
      ],
      { entries: rowsOf(auditFields), next },
    ),
    '/v1/hosts': get(
      'Which hosts enforce which rules: what each should have applied, what was delivered, what it has applied.',
      [
        query('application', 'Of this application.'),
        query('zone', 'In this zone.'),
        query('state', `In one of these states, with commas between: ${hostStates.join(', ')}.`),
        query('behind', 'true: only those that lack a change, silent ones included.', {
          enum: ['true', 'false'],
          default: 'false',
        }),
        query('sort', 'By application and id, or who was heard of, or has applied, least.', {
          enum: ['hostId', 'heardAt', 'appliedOffset'],
          default: 'hostId',
        }),
        query('order', 'The way of the order.', { enum: ['asc', 'desc'], default: 'asc' }),
        ...paging,
      ],
      { hosts: rowsOf(hostFields), next },
    ),
    '/v1/hosts/{application}/{hostId}': get(
      'One host, if it has reported within a day.',
      [path('application', "The application's id."), path('hostId', 'The host, percent-encoded.')],
      hostFields,
    ),
    '/v1/targets': get(
      'What dispatchers write to, of every dispatcher that is registered, and whether it has what it should.',
      [
        query('application', 'Of this application.'),
        query('kind', 'Of this kind.'),
        query('state', `In one of these states, with commas between: ${targetStates.join(', ')}.`),
        query('behind', 'true: all that are not current.', {
          enum: ['true', 'false'],
          default: 'false',
        }),
        query('order', 'The way of the order: by application and dispatcher.', {
          enum: ['asc', 'desc'],
          default: 'asc',
        }),
        ...paging,
      ],
      { targets: rowsOf(targetFields), next },
    ),
    '/v1/commands/{commandId}': get(
      'What became of a command.',
      [path('commandId', 'The Idempotency-Key it was posted with.')],
      { commandId: text, status: { enum: ['accepted', 'refused'] }, code: text },
      { waits: false },
    ),
    '/v1/proposals': get(
      'Changes that wait, or waited, for approval.',
      [
        query('application', 'Of this application.'),
        query('quotaId', 'About this quota.'),
        query('status', 'Only these.', {
          enum: ['open', 'approved', 'rejected', 'expired', 'withdrawn', 'all'],
          default: 'all',
        }),
        ...paging,
      ],
      { proposals: rowsOf(proposalFields), next },
    ),
    '/v1/proposals/{proposalId}': get(
      'One proposal, whatever became of it.',
      [path('proposalId', "The proposal's id: moka-p7.")],
      proposalFields,
    ),
    '/v1/rollouts': get(
      'Changes that reach, or reached, hosts in stages.',
      [
        query('application', 'Of this application.'),
        query('quotaId', 'That change this quota.'),
        query('status', 'Only these.', { enum: [...ROLLOUT_STATUSES], default: 'all' }),
        ...paging,
      ],
      { rollouts: rowsOf(rolloutFields), next },
    ),
    '/v1/rollouts/{rolloutId}': get(
      'One rollout, whatever became of it: its stages, when each began, by whom and on what evidence.',
      [path('rolloutId', "The rollout's id: moka-r7.")],
      rolloutFields,
    ),
    '/v1/budgets': get(
      'Budgets as they are defined now.',
      [
        query('organization', 'Of this organization.'),
        query('project', 'Of this project.'),
        ...paging,
      ],
      { budgets: rowsOf(budgetFields), next },
    ),
    '/v1/budgets/{organization}/{budgetId}': get(
      'One budget as it is defined now.',
      [path('organization', "The organization's id."), path('budgetId', "The budget's id.")],
      budgetFields,
    ),
    ...Object.fromEntries(
      listings.flatMap((listing) => {
        const { single } = listing;
        if (single === undefined) return [];
        const { properties } = rowSchema(listing) as { properties: Record<string, object> };
        const names = [...single.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
        const parameters = names.map((name) =>
          path(name, name === listing.within ? `The ${name}'s id.` : 'Its id.'),
        );
        return [[openPath(single.path), get(single.summary, parameters, properties)] as const];
      }),
    ),
    ...Object.fromEntries(
      listings.map((listing) => [
        openPath(listing.path),
        get(
          listing.summary,
          [
            ...(listing.within === null
              ? []
              : [path(listing.within, `The ${listing.within}'s id.`)]),
            ...paging,
          ],
          { [listing.member]: { type: 'array', items: rowSchema(listing) }, next },
        ),
      ]),
    ),
  },
  components: sharedComponents,
};
