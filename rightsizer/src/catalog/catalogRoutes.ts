import { createHash } from 'node:crypto';
import { bearerSecurity, callerStatuses, problemResponses } from '@prorata/service-runtime';
import type { OpenApiFragment } from '@prorata/service-runtime';
import type { Request, Response, Router } from 'express';
import type { ServedTables } from './servedTables.ts';

/** Where a client's catalog begins: it adds `/v1/config` itself. */
const BASE = '/v1/iceberg';
const NAMESPACES = `${BASE}/v1/namespaces`;
/** The only namespace; it holds tables and no other. */
const NAMESPACE = 'prorata';
/** What a client may ask, in the words of the protocol: it does not try the rest. */
const ENDPOINTS = [
  'GET /v1/{prefix}/namespaces',
  'GET /v1/{prefix}/namespaces/{namespace}',
  'HEAD /v1/{prefix}/namespaces/{namespace}',
  'GET /v1/{prefix}/namespaces/{namespace}/tables',
  'GET /v1/{prefix}/namespaces/{namespace}/tables/{table}',
  'HEAD /v1/{prefix}/namespaces/{namespace}/tables/{table}',
];

/**
 * The reading half of the Iceberg REST catalog: an engine asks for a table and gets the newest
 * version's metadata. It gets no credentials for the storage; it has its own, for reading. Nothing
 * is committed here: the sink does that, and another engine's commit would not know of positions.
 */
export function catalogRoutes(router: Router, tables: ServedTables): void {
  router.get(`${BASE}/v1/config`, (_request, response) => {
    response.json({
      defaults: {},
      overrides: { 'rest-metrics-reporting-enabled': 'false' },
      endpoints: ENDPOINTS,
    });
  });
  router.get(NAMESPACES, (request, response) => {
    const { parent = '' } = request.query;
    if (parent === '') response.json({ namespaces: [[NAMESPACE]] });
    else if (parent === NAMESPACE) response.json({ namespaces: [] });
    else noNamespace(response, JSON.stringify(parent));
  });
  router.get(`${NAMESPACES}/:namespace`, (request, response) => {
    if (!isOurs(request, response)) return;
    const properties = { location: tables.location };
    answer(request, response, JSON.stringify({ namespace: [NAMESPACE], properties }));
  });
  router.get(`${NAMESPACES}/:namespace/tables`, async (request, response) => {
    if (!isOurs(request, response)) return;
    const names = await tables.names();
    response.json({ identifiers: names.map((name) => ({ namespace: [NAMESPACE], name })) });
  });
  router.get(`${NAMESPACES}/:namespace/tables/:table`, async (request, response) => {
    if (!isOurs(request, response)) return;
    const { table: name } = request.params;
    const table = await tables.newest(name);
    if (table === null) {
      refuse(response, 'NoSuchTableException', `There is no table ${NAMESPACE}.${name}.`);
      return;
    }
    const { address, metadata } = table;
    response.setHeader('etag', `"${createHash('sha256').update(address).digest('base64url')}"`);
    const location = JSON.stringify(address);
    answer(
      request,
      response,
      `{"metadata-location":${location},"metadata":${metadata},"config":{}}`,
    );
  });
}

function isOurs(request: Request, response: Response): boolean {
  const { namespace } = request.params;
  if (namespace === NAMESPACE) return true;
  noNamespace(response, String(namespace));
  return false;
}

function noNamespace(response: Response, namespace: string): void {
  refuse(response, 'NoSuchNamespaceException', `There is no namespace ${namespace}.`);
}

/** By the tag alone: clients send `no-cache` beside it, which express takes for a wish to have it again. */
function isKnown(request: Request, response: Response): boolean {
  const tag = response.getHeader('etag');
  return tag !== undefined && request.headers['if-none-match'] === tag;
}

function answer(request: Request, response: Response, body: string): void {
  if (isKnown(request, response)) response.status(304).end();
  else if (request.method === 'HEAD') response.status(204).end();
  else response.type('application/json').send(body);
}

/** In the protocol's own form, which its clients tell from an address that is wrong. */
function refuse(response: Response, type: string, message: string): void {
  response.status(404).json({ error: { message, type, code: 404 } });
}

const parameter = (name: string): object => ({
  name,
  in: 'path',
  required: true,
  schema: { type: 'string' },
});

const refusal = {
  description: 'No such namespace or table, in the form of the protocol.',
  content: {
    'application/json': {
      schema: {
        type: 'object',
        required: ['error'],
        properties: { error: { type: 'object', required: ['message', 'type', 'code'] } },
      },
    },
  },
};

function route(summary: string, members: readonly string[], parameters: readonly object[]): object {
  const schema = { type: 'object', required: members };
  return {
    get: {
      summary,
      ...(parameters.length === 0 ? {} : { parameters }),
      security: bearerSecurity,
      responses: {
        200: { description: 'As the protocol says.', content: { 'application/json': { schema } } },
        ...problemResponses(...callerStatuses, 405),
        404: refusal,
      },
    },
  };
}

const namespace = parameter('namespace');

export const catalogPaths: OpenApiFragment['paths'] = {
  '/v1/iceberg/v1/config': route(
    'What this read-only Iceberg REST catalog can be asked.',
    ['defaults', 'overrides'],
    [],
  ),
  '/v1/iceberg/v1/namespaces': route(
    "The catalog's namespaces: one.",
    ['namespaces'],
    [{ name: 'parent', in: 'query', required: false, schema: { type: 'string' } }],
  ),
  '/v1/iceberg/v1/namespaces/{namespace}': route(
    'A namespace, and where its tables live.',
    ['namespace', 'properties'],
    [namespace],
  ),
  '/v1/iceberg/v1/namespaces/{namespace}/tables': route(
    'The tables that engines may read.',
    ['identifiers'],
    [namespace],
  ),
  '/v1/iceberg/v1/namespaces/{namespace}/tables/{table}': route(
    "A table's newest version.",
    ['metadata-location', 'metadata'],
    [namespace, parameter('table')],
  ),
};
