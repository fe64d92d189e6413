import type { OpenApiFragment } from '@prorata/service-runtime';

const application = {
  name: 'application',
  in: 'path',
  required: true,
  schema: { type: 'string' },
  description: 'The application.',
};
const problem = { description: 'A problem (RFC 9457) with a stable code.' };

function intake(summary: string, list: string): Record<string, unknown> {
  return {
    post: {
      summary,
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: [list],
              properties: { [list]: { type: 'array', maxItems: 1000, items: { type: 'object' } } },
            },
          },
        },
      },
      responses: {
        '202': { description: 'Written to the log.' },
        '400': problem,
        '403': problem,
        '422': problem,
        '503': { description: 'Not known to be written: send the same records again.' },
      },
    },
  };
}

/** What the relay answers. */
export const relayOpenApi: OpenApiFragment = {
  paths: {
    '/v1/rules/{application}': {
      get: {
        summary: 'All rules of an application.',
        parameters: [
          application,
          { name: 'If-None-Match', in: 'header', schema: { type: 'string' } },
        ],
        responses: {
          '200': { description: 'The set; its ETag changes with any rule.' },
          '304': { description: 'As before.' },
          '403': problem,
          '404': problem,
          '503': problem,
        },
      },
    },
    '/v1/rules/{application}/stream': {
      get: {
        summary: 'The rules as server-sent events.',
        description:
          '`rules` with the whole set first, then `rule`, `rule-deleted` and, while the relay is in contact with the log, `heartbeat`. Ids are event offsets.',
        parameters: [application],
        responses: {
          '200': { description: 'Events.', content: { 'text/event-stream': {} } },
          '403': problem,
          '404': problem,
          '503': problem,
        },
      },
    },
    '/v1/usage': intake('Usage of hosts without Kafka.', 'records'),
    '/v1/reports': intake('Reports of hosts without Kafka.', 'reports'),
  },
};
