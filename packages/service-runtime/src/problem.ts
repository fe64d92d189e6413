import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { problemCodes } from './problemCodes.ts';
import type { ProblemKind } from './problemCodes.ts';

export interface ProblemViolation {
  readonly code?: string;
  /** A JSON pointer into the request's body, or the name of a parameter. */
  readonly path: string;
  readonly message: string;
}

export interface ProblemOptions {
  readonly violations?: readonly ProblemViolation[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the problem document, such as `outcome`. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  readonly title?: string;
  readonly cause?: unknown;
}

/** An answer that is no success: RFC 9457, `code` stable for programs, `detail` for people. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** Each with a code: the problem's own where it has none. */
  readonly violations: readonly ProblemViolation[] | undefined;
  readonly options: ProblemOptions;

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(`${code}: ${detail}`, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.violations = options.violations?.map((each) => ({ code, ...each }));
    this.options = options;
  }

  toDocument(): Record<string, unknown> {
    const kind = kindOf(this.code);
    return {
      type: `urn:prorata:problem:${this.code}`,
      title: this.options.title ?? kind?.title ?? STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      code: this.code,
      detail: this.detail,
      ...(kind === undefined ? {} : { remedy: kind.remedy }),
      ...(this.violations === undefined ? {} : { violations: this.violations }),
      ...this.options.extensions,
    };
  }
}

function kindOf(code: string): ProblemKind | undefined {
  return Object.hasOwn(problemCodes, code)
    ? problemCodes[code as keyof typeof problemCodes]
    : undefined;
}

export function sendProblem(response: Response, problem: Problem): void {
  for (const [name, value] of Object.entries(problem.options.headers ?? {})) {
    response.setHeader(name, value);
  }
  response.status(problem.status).type('application/problem+json').json(problem.toDocument());
}

export const routeNotFound: RequestHandler = (request, response) => {
  sendProblem(response, routeUnknown(request.method, request.path));
};

/** Whoever leaves the slashes of an id as they are is told how to write them. */
export function routeUnknown(method: string, path: string): Problem {
  const [, place = '', id = ''] = /^(\/v1\/quotas\/)([^/]+\/[^?]+)$/.exec(path) ?? [];
  const hint =
    id === ''
      ? ''
      : ` An id is one segment of a path, its slashes written %2F: ${place}${id.replaceAll('/', '%2F')}.`;
  return new Problem(404, 'ROUTE_UNKNOWN', `There is no ${method} ${path} here.${hint}`);
}

/** The last handler: a Problem as it is, what express itself refuses by its status, all else 500 and logged. */
export function problemHandler(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const problem = asProblem(error);
    if (problem.status >= 500) {
      const entry = { err: error, method: request.method, path: request.path };
      logger[levelOf(problem)](entry, problem.code);
    }
    if (response.headersSent) {
      // A stream broke halfway: only cutting the connection tells the client so.
      next(error);
      return;
    }
    sendProblem(response, problem);
  };
}

/** What is said to thousands of callers at once must not be written down for each: metrics count it. */
const quiet: ReadonlySet<string> = new Set(['BUSY', 'SHUTTING_DOWN']);

function levelOf({ status, code }: Problem): 'error' | 'warn' | 'debug' {
  if (quiet.has(code)) return 'debug';
  return status === 500 ? 'error' : 'warn';
}

const codesByStatus: Readonly<Record<number, string>> = {
  400: 'REQUEST_MALFORMED',
  413: 'BODY_TOO_LARGE',
  415: 'MEDIA_TYPE_UNSUPPORTED',
};

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const status = (error as { status?: unknown } | null)?.status;
  const code = typeof status === 'number' ? codesByStatus[status] : undefined;
  if (typeof status === 'number' && code !== undefined) {
    const { limit } = error as { readonly limit?: unknown };
    const bound = typeof limit === 'number' ? `: a body has at most ${limit} bytes here` : '';
    return new Problem(status, code, `${(error as Error).message}${bound}.`);
  }
  return new Problem(500, 'INTERNAL', 'The service failed; its log says why.', { cause: error });
}
