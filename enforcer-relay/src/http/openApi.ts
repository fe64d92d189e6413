import { fullNameOf, jsonSchemaComponents, jsonSchemaOf } from '@prorata/schemas';
import {
  bearerSecurity,
  bodyStatuses,
  callerStatuses,
  problemResponses,
  sharedComponents,
} from '@prorata/service-runtime';
import type { OpenApiFragment } from '@prorata/service-runtime';

type Part = Readonly<Record<string, unknown>>;

/** One request's records; hosts send 250. */
export const RECORDS_MAX = 1_000;

const application: Part = {
  name: 'application',
  in: 'path',
  required: true,
  schema: { type: 'string', minLength: 1 },
  description: 'The application.',
};

const etag: Part = { ETag: { description: 'Changes with any rule.', schema: { type: 'string' } } };

function intake(summary: string, list: string, fullName: string): Part {
  return {
    post: {
      summary,
      security: bearerSecurity,
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: [list],
              properties: {
                [list]: { type: 'array', maxItems: RECORDS_MAX, items: jsonSchemaOf(fullName) },
              },
            },
          },
        },
      },
      responses: {
        202: {
          description: 'Written to the log.',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['accepted'],
                properties: { accepted: { type: 'integer', minimum: 0 } },
              },
            },
          },
        },
        ...problemResponses(...callerStatuses, 405, ...bodyStatuses),
      },
    },
  };
}

const long: Part = { type: ['integer', 'string'], description: 'As text above 2^53-1.' };

/** As `RuleFeed` writes it. */
export const ruleSetFields: Readonly<Record<string, Part>> = {
  application: { type: 'string' },
  appliedOffset: { ...long, description: 'The event up to which the rules are.' },
  completeTo: {
    type: ['integer', 'string', 'null'],
    description: 'A rule that is older than this and not among them is gone; null: not known yet.',
  },
  isCurrent: {
    type: 'boolean',
    description: 'Whether the log was reached of late: else nothing may be removed for its sake.',
  },
  cursor: { type: 'string', description: 'For `since`: what changes after this.' },
  count: { type: 'integer', description: 'How many rules the whole set has.' },
  checksum: {
    type: 'string',
    description: "The sum of the SHA-256 of every rule's JSON, modulo 2^256, in hexadecimal.",
  },
  rules: { type: 'array', items: jsonSchemaOf(fullNameOf.Rule) },
};

const ruleSet: Part = {
  type: 'object',
  required: Object.keys(ruleSetFields),
  properties: {
    ...ruleSetFields,
    since: {
      type: 'string',
      description: 'Where it stands, `rules` are those that changed since that cursor alone.',
    },
    gone: {
      type: 'array',
      items: {
        type: 'object',
        required: ['quotaId', 'eventOffset'],
        properties: { quotaId: { type: 'string' }, eventOffset: long },
      },
      description: 'With `since`: quotas whose rule went, up to that event.',
    },
  },
};

const since: Part = {
  name: 'since',
  in: 'query',
  required: false,
  schema: { type: 'string' },
  description:
    'The `cursor` of an earlier answer: what changed after it is enough. Where it is none of this instance, or too old, the answer is the whole set.',
};

const bootId: Part = {
  name: 'bootId',
  in: 'path',
  required: true,
  schema: { type: 'string', minLength: 1, maxLength: 128 },
  description: 'The start of the host, a UUID.',
};

/** What the relay answers. */
export const relayOpenApi: OpenApiFragment = {
  paths: {
    '/v1/rules/{application}': {
      get: {
        summary: 'All rules of an application.',
        security: bearerSecurity,
        parameters: [
          application,
          since,
          {
            name: 'If-None-Match',
            in: 'header',
            schema: { type: 'string' },
            description: 'The ETag of the set that the host has.',
          },
        ],
        responses: {
          200: {
            description: 'The set; its ETag changes with any rule.',
            headers: etag,
            content: { 'application/json': { schema: ruleSet } },
          },
          304: { description: 'As before.', headers: etag },
          ...problemResponses(...callerStatuses, 405),
        },
      },
    },
    '/v1/rules/{application}/stream': {
      get: {
        summary: 'The rules as server-sent events.',
        description:
          '`rules` with the whole set first, or `changes` since the cursor; then `rule`, `rule-deleted` and, while the relay is in contact with the log, `heartbeat` with `cursor`, `count` and `checksum`. Ids are event offsets.',
        security: bearerSecurity,
        parameters: [application, since],
        responses: {
          200: {
            description: 'Events.',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          ...problemResponses(...callerStatuses, 405),
        },
      },
    },
    '/v1/usage': intake('Usage of hosts without Kafka.', 'records', fullNameOf.UsageRecorded),
    '/v1/reports': intake('Reports of hosts without Kafka.', 'reports', fullNameOf.HostReport),
    '/v1/demands': intake(
      'What hosts without Kafka want of fleet-wide limits.',
      'reports',
      fullNameOf.DemandReport,
    ),
    '/v1/leases/{application}/{bootId}/stream': {
      get: {
        summary: 'The shares of fleet-wide limits of one start of a host, as server-sent events.',
        description: '`lease` with what it holds first, and then with every new one.',
        security: bearerSecurity,
        parameters: [application, bootId],
        responses: {
          200: {
            description: 'Events.',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          ...problemResponses(...callerStatuses, 405),
        },
      },
    },
  },
  components: {
    ...sharedComponents,
    schemas: {
      ...sharedComponents['schemas'],
      ...jsonSchemaComponents([
        fullNameOf.UsageRecorded,
        fullNameOf.HostReport,
        fullNameOf.DemandReport,
        fullNameOf.Rule,
      ]),
    },
  },
};
