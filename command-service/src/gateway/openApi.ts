import { mergeOpenApi } from '@prorata/service-runtime';
import type { OpenApiDocument, OpenApiFragment } from '@prorata/service-runtime';
import { outcomeCodes } from '../outcomeCodes.ts';
import { commandRoles } from './commandRoles.ts';

const UPSTREAM_TIMEOUT_MS = 1_000;
/** A merged document is served for so long before the services are asked again, milliseconds. */
const FRESH_MS = 10_000;

const problem = {
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
const outcome = {
  content: { 'application/json': { schema: { $ref: '#/components/schemas/CommandOutcome' } } },
};

export const commandsFragment: OpenApiFragment = {
  paths: {
    '/v1/commands': {
      post: {
        summary: 'Sends a command and waits for its outcome',
        security: [{ bearer: [] }],
        parameters: [
          {
            name: 'Idempotency-Key',
            in: 'header',
            description:
              'The command id. The same id and body again gives the first outcome again.',
            schema: { type: 'string', format: 'uuid' },
          },
          {
            name: 'If-Match',
            in: 'header',
            description: "The quota's version that the sender has seen, as expectedVersion.",
            schema: { type: 'string' },
          },
        ],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Command' } } },
        },
        responses: {
          200: { description: 'Accepted.', ...outcome },
          202: { description: 'Not known yet: look where Location says.' },
          403: { description: 'The caller may not send it, or the model refused it.', ...problem },
          404: { description: 'Refused: what it names does not exist.', ...problem },
          409: { description: 'Refused: it does not fit what is in force.', ...problem },
          422: { description: 'Refused: it is wrong in itself.', ...problem },
          503: { description: 'Not taken, or not known to be: send it again.', ...problem },
        },
      },
    },
    '/v1/commands/{commandId}': {
      get: {
        summary: 'The outcome of a command',
        security: [{ bearer: [] }],
        parameters: [
          {
            name: 'commandId',
            in: 'path',
            required: true,
            schema: { type: 'string', format: 'uuid' },
          },
        ],
        responses: {
          200: { description: 'Accepted.', ...outcome },
          404: { description: 'No outcome is known; it may still come.', ...problem },
        },
      },
    },
  },
  components: {
    securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    schemas: {
      Command: {
        type: 'object',
        required: ['type', 'stream', 'reason', 'data'],
        additionalProperties: false,
        properties: {
          type: { enum: Object.keys(commandRoles) },
          stream: { type: 'string', examples: ['application:moka'] },
          reason: { type: 'string', maxLength: 1_024 },
          expectedVersion: { type: ['integer', 'string'] },
          dryRun: { type: 'boolean' },
          data: {
            type: 'object',
            description: "The command's own fields, as its Avro schema names them.",
          },
        },
      },
      CommandOutcome: {
        type: 'object',
        properties: {
          commandId: { type: 'string' },
          status: { enum: ['accepted', 'refused'] },
          code: { enum: ['ACCEPTED', ...Object.keys(outcomeCodes)] },
          message: { type: 'string' },
          streamVersion: { type: ['integer', 'string'] },
          quotaVersion: { type: ['integer', 'string', 'null'] },
        },
      },
      Problem: {
        type: 'object',
        properties: {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          code: { type: 'string' },
          detail: { type: 'string' },
          violations: {
            type: 'array',
            items: {
              type: 'object',
              properties: { path: { type: 'string' }, message: { type: 'string' } },
            },
          },
        },
      },
    },
  },
};

/** The whole HTTP interface: the gateway's own part, and of each service behind what it says itself. */
export function openApiMerger(upstreams: readonly string[]): () => Promise<OpenApiDocument> {
  let merged: Promise<OpenApiDocument> | null = null;
  let mergedAtMs = -Infinity;
  return () => {
    if (merged === null || performance.now() - mergedAtMs > FRESH_MS) {
      mergedAtMs = performance.now();
      merged = Promise.all(upstreams.map(fragmentOf)).then((fragments) =>
        mergeOpenApi('Prorata', [commandsFragment, ...fragments]),
      );
    }
    return merged;
  };
}

/** A service that does not answer is left out until it does. */
async function fragmentOf(base: string): Promise<OpenApiFragment> {
  try {
    const response = await fetch(`${base}/openapi.json`, {
      signal: AbortSignal.timeout(UPSTREAM_TIMEOUT_MS),
    });
    const document = (await response.json()) as Partial<OpenApiFragment>;
    return { paths: document.paths ?? {}, components: document.components ?? {} };
  } catch {
    return { paths: {} };
  }
}
