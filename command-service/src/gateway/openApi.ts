import {
  bearerSecurity,
  bodyStatuses,
  callerStatuses,
  mergeOpenApi,
  problemResponses,
  sharedComponents,
} from '@prorata/service-runtime';
import type { OpenApiDocument, OpenApiFragment } from '@prorata/service-runtime';
import { bodySchema, gatewaySchemas, queryField, ref } from './openApiSchemas.ts';
import { parametersOf, resourceTable } from './resourceTable.ts';
import type { ResourceRoute } from './resourceTable.ts';

const UPSTREAM_TIMEOUT_MS = 1_000;
/** A merged document is served for so long before the services are asked again, milliseconds. */
const FRESH_MS = 10_000;

type Part = Readonly<Record<string, unknown>>;

const json = (schema: Part): Part => ({ content: { 'application/json': { schema } } });

const parameter = (name: string, place: string, description: string, schema: Part): Part => ({
  name,
  in: place,
  required: place === 'path',
  description,
  schema,
});

const text: Part = { type: 'string' };
const idempotencyKey = parameter(
  'Idempotency-Key',
  'header',
  'The command id. The same id and body again gives the first outcome again, for 24 hours.',
  { type: 'string', format: 'uuid' },
);
/** One of three places: JSON Schema of a body cannot say what a header makes superfluous. */
const REASON_NEEDED =
  'A reason must be given, once: as `reason` in the body, as `?reason=` or as the header Prorata-Reason.';
const reasonHeader = parameter(
  'Prorata-Reason',
  'header',
  'Why, for the audit log. Every command needs a reason: here, in `?reason=` or in the body.',
  text,
);
const reasonInQuery = parameter('reason', 'query', 'As Prorata-Reason.', text);
const dryRunInQuery = parameter('dryRun', 'query', 'Decide and answer, but write no event.', {
  enum: ['true', 'false'],
});
/** What headers and the query say of any command. */
const beside: readonly Part[] = [
  idempotencyKey,
  reasonHeader,
  parameter(
    'If-Match',
    'header',
    'The version that the sender has seen, or the ETag of a read; `*`: it must exist.',
    {
      type: 'string',
      pattern: '^([*]|"?[0-9]{1,18}([.][0-9]{1,18})?"?)$',
    },
  ),
  parameter('If-None-Match', 'header', '`*`: it must not be there.', { const: '*' }),
  reasonInQuery,
  dryRunInQuery,
  parameter('waive', 'query', 'A safety check that is waived: CHECK:why. May be repeated.', {
    type: 'array',
    maxItems: 32,
    items: { type: 'string', pattern: '^[A-Z_]+:' },
  }),
];

const refusals = problemResponses(...callerStatuses, 409, 429, ...bodyStatuses);

/** What a command is answered with, whichever route it came by. */
const commandResponses: Part = {
  200: {
    description: 'Accepted.',
    headers: {
      ETag: { description: "The quota's version afterwards.", schema: { type: 'string' } },
      'Prorata-At-Least': {
        description:
          'What a read names in `atLeast` to show this write: the stream and its version afterwards, ' +
          'as `<stream>@<streamVersion>` of the outcome.',
        schema: { type: 'string' },
      },
    },
    ...json(ref('CommandOutcome')),
  },
  202: {
    description: 'Not known yet: look where Location says, or send it again with the same id.',
    headers: {
      Location: { description: 'Where the outcome will be.', schema: { type: 'string' } },
      'Retry-After': { description: 'When to look, seconds.', schema: { type: 'integer' } },
    },
    ...json(ref('CommandPlace')),
  },
  ...refusals,
};

function resourceOperation(route: ResourceRoute): Part {
  const types = route.body === 'patch' ? ['application/merge-patch+json'] : [];
  const schema = bodySchema(route);
  const required = ((schema['required'] ?? []) as readonly string[]).length > 0;
  return {
    summary: route.summary,
    description:
      `Sends the command ${route.sends}; the body may also say what every command may. ` +
      REASON_NEEDED,
    operationId: `${route.method.toLowerCase()}${route.sends}`,
    security: bearerSecurity,
    parameters: [
      ...parametersOf(route.path).map((name) =>
        parameter(name, 'path', 'Percent-encoded, slashes included.', {
          type: 'string',
          minLength: 1,
        }),
      ),
      ...beside,
      ...(route.query ?? []).map((name) => ({
        name,
        in: 'query',
        ...queryField(route.sends, name),
      })),
    ],
    requestBody: {
      required,
      content: Object.fromEntries(
        ['application/json', ...types].map((type) => [type, { schema }]),
      ) as Part,
    },
    responses: commandResponses,
  };
}

const commandPaths: Readonly<Record<string, Part>> = {
  '/v1/commands': {
    post: {
      summary: 'Sends a command and waits for its outcome',
      description: REASON_NEEDED,
      operationId: 'sendCommand',
      security: bearerSecurity,
      parameters: beside,
      requestBody: { required: true, ...json(ref('Command')) },
      responses: commandResponses,
    },
  },
  '/v1/commands/batch': {
    post: {
      summary: 'Sends up to 500 commands, each decided for itself',
      description:
        'A reason that the batch says is the default of its commands. A dry run that it says is one of ' +
        `all of them. ${REASON_NEEDED}`,
      operationId: 'sendCommands',
      security: bearerSecurity,
      parameters: [idempotencyKey, reasonHeader, reasonInQuery, dryRunInQuery],
      requestBody: { required: true, ...json(ref('CommandBatch')) },
      responses: {
        207: {
          description: 'What became of each, in order.',
          headers: {
            'Retry-After': {
              description:
                'Where some may come again with the same ids: the longest that any of them waits, seconds.',
              schema: { type: 'integer' },
            },
          },
          ...json(ref('CommandBatchResults')),
        },
        ...refusals,
      },
    },
  },
  '/v1/commands/{commandId}': {
    get: {
      summary: 'The outcome of a command, accepted or refused',
      operationId: 'getCommand',
      security: bearerSecurity,
      parameters: [
        parameter('commandId', 'path', 'Its Idempotency-Key.', { type: 'string', minLength: 1 }),
      ],
      responses: {
        200: { description: 'Decided.', ...json(ref('CommandOutcome')) },
        ...problemResponses(...callerStatuses, 429, 502, 504),
      },
    },
  },
};

const checks: Part = {
  type: 'object',
  required: ['status', 'checks'],
  properties: {
    status: { enum: ['ready', 'not ready'] },
    checks: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'ok'],
        properties: { name: text, ok: { type: 'boolean' }, detail: text },
      },
    },
  },
};

const operationPaths: Readonly<Record<string, Part>> = {
  '/healthz': {
    get: {
      summary: 'Whether the process answers',
      security: [],
      responses: {
        200: {
          description: 'It does.',
          ...json({
            type: 'object',
            required: ['status'],
            properties: { status: { const: 'up' } },
          }),
        },
      },
    },
  },
  '/readyz': {
    get: {
      summary: 'Whether it can do its work, and what it waits for',
      security: [],
      responses: {
        200: { description: 'Ready.', ...json(checks) },
        503: { description: 'Not ready; the checks say why.', ...json(checks) },
      },
    },
  },
  '/metrics': {
    get: {
      summary: 'Metrics for Prometheus',
      security: [],
      responses: {
        200: { description: 'Text.', content: { 'text/plain': { schema: text } } },
      },
    },
  },
  '/openapi.json': {
    get: {
      summary: 'This document',
      security: [],
      responses: { 200: { description: 'OpenAPI 3.1.', ...json({ type: 'object' }) } },
    },
  },
};

/** What the gateway answers itself. */
export const gatewayFragment: OpenApiFragment = {
  paths: { ...commandPaths, ...resourcePaths(), ...operationPaths },
  components: {
    ...sharedComponents,
    schemas: { ...(sharedComponents['schemas'] as Part), ...gatewaySchemas() },
  },
};

function resourcePaths(): Readonly<Record<string, Part>> {
  const paths: Record<string, Record<string, Part>> = {};
  for (const route of resourceTable) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = resourceOperation(route);
  }
  return paths;
}

/** The whole HTTP interface: the gateway's own part, and of each service behind what it says itself. */
export function openApiMerger(upstreams: readonly string[]): () => Promise<OpenApiDocument> {
  let merged: Promise<OpenApiDocument> | null = null;
  let mergedAtMs = -Infinity;
  return () => {
    if (merged === null || performance.now() - mergedAtMs > FRESH_MS) {
      mergedAtMs = performance.now();
      merged = Promise.all(upstreams.map(fragmentOf)).then((fragments) =>
        mergeOpenApi('Prorata', [gatewayFragment, ...fragments]),
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
