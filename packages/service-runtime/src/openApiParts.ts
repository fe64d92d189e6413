import { STATUS_CODES } from 'node:http';
import { problemCodes } from './problemCodes.ts';

type Part = Readonly<Record<string, unknown>>;

/** What every route with credentials may answer: not understood, not known, not allowed, not there. */
export const callerStatuses = [400, 401, 403, 404, 503] as const;
/** And every route with a body. */
export const bodyStatuses = [408, 413, 415, 422] as const;

/** One answer that is a problem for each status, with the codes that services give it. */
export function problemResponses(...statuses: readonly number[]): Readonly<Record<string, Part>> {
  return Object.fromEntries(statuses.map((status) => [String(status), problemResponse(status)]));
}

function problemResponse(status: number): Part {
  const codes = Object.entries(problemCodes)
    .filter(([, kind]) => kind.status === status)
    .map(([code]) => code);
  const named = codes.length === 0 ? '' : `: ${codes.join(', ')}`;
  return {
    description: `${STATUS_CODES[status] ?? 'Problem'}${named}.`,
    ...(status === 429 || status === 503 ? { headers: { 'Retry-After': retryAfter } } : {}),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

const retryAfter: Part = {
  description: 'When to try again, seconds.',
  schema: { type: 'integer', minimum: 0 },
};

/** A token or an API key, one of them. */
export const bearerSecurity: readonly Part[] = [{ bearer: [] }, { apiKey: [] }];

/** Components that every fragment refers to; the document has them once. */
export const sharedComponents: Readonly<Record<string, Part>> = {
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    apiKey: { type: 'apiKey', in: 'header', name: 'Api-Key' },
  },
  schemas: {
    Problem: {
      type: 'object',
      description: 'An answer that is no success (RFC 9457).',
      required: ['type', 'title', 'status', 'code', 'detail'],
      properties: {
        type: { type: 'string', format: 'uri' },
        title: { type: 'string' },
        status: { type: 'integer' },
        code: { type: 'string', description: 'Stable; docs/reference/outcome-codes.md has all.' },
        detail: { type: 'string', description: 'For people.' },
        remedy: { type: 'string', description: 'What the receiver can do about it.' },
        violations: {
          type: 'array',
          items: {
            type: 'object',
            required: ['code', 'path', 'message'],
            properties: {
              code: { type: 'string' },
              path: {
                type: 'string',
                description: "A JSON pointer into the request's body, or a parameter's name.",
              },
              message: { type: 'string' },
            },
          },
        },
        outcome: {
          type: 'object',
          description: 'Of a refused command: its outcome as the log has it.',
        },
      },
    },
  },
};
