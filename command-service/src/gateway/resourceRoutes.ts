import { fullNameOf, namedSchemas } from '@prorata/schemas';
import type { CommandOutcome } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { ProblemViolation } from '@prorata/service-runtime';
import type { Request, Router } from 'express';
import { answerSubmitted, whenGone } from './answerSubmitted.ts';
import { versionAskedFor } from './contentLeftOut.ts';
import { DecidedBefore } from './decidedBefore.ts';
import { changeOfPatch, patchFields } from './mergePatch.ts';
import { commandIdOf, commonMembers, saidBeside } from './requestMembers.ts';
import type { SaidBeside } from './requestMembers.ts';
import { resourceStream } from './resourceStream.ts';
import { parametersOf, resourceTable } from './resourceTable.ts';
import type { ResourceRoute } from './resourceTable.ts';
import type { CommandDesk } from './submit/commandDesk.ts';
import type { OutcomeBook } from './submit/outcomeBook.ts';
import { notUnderstood, SubmissionRefused } from './submit/submissionRefused.ts';
import type { Submitted } from './submit/submitted.ts';
import type { Credentials, PastContents } from './submit/pastContents.ts';
import { commandPaths } from './violationPaths.ts';
import type { PathOf } from './violationPaths.ts';

type Json = Readonly<Record<string, unknown>>;

/** The same commands as `POST /v1/commands` takes, by the resource that they are about. */
export function resourceRoutes(
  router: Router,
  desk: Pick<CommandDesk, 'submit'>,
  contents: Pick<PastContents, 'of'>,
  book: Pick<OutcomeBook, 'find'>,
): void {
  const before = new DecidedBefore(book);
  for (const route of resourceTable) {
    const method = route.method.toLowerCase() as 'put' | 'patch' | 'delete' | 'post';
    router[method](route.path, async (request, response) => {
      const beside = saidBeside(request, { query: route.query ?? [] });
      const { stream, parameter } = resourceStream(parametersIn(request));
      const body = { type: route.sends, stream, ...bodyOf(request, route, beside) };
      const submission = {
        commandId: commandIdOf(request),
        principal: request.principal,
        traceparent: request.get('traceparent'),
      };
      const gone = whenGone(response);
      const command = { ...submission, body };
      const submitting = contentFor(request, route, body.data, contents).then(
        (content) => {
          if (content === null) return submitWithout(route, body.data, desk.submit(command, gone));
          before.completed(command, content);
          return desk.submit({ ...command, body: withContent(body, content) }, gone);
        },
        (fault: unknown) => unlessDecided(fault, before.outcomeOf(command)),
      );
      await answerSubmitted(response, submitting, pathsOf(route, beside, parameter));
    });
  }
}

const VERSION = /^[1-9]\d{0,18}$/;

/** What the body left out and the projector knows; null: nothing. What has not its form the desk refuses. */
async function contentFor(
  request: Request,
  route: ResourceRoute,
  data: Json,
  contents: Pick<PastContents, 'of'>,
): Promise<unknown> {
  const { quotaId, version } = data;
  if (route.completed === undefined || Object.hasOwn(data, 'content')) return null;
  if (typeof quotaId !== 'string' || !VERSION.test(String(version))) return null;
  return contents.of(quotaId, String(version), credentialsOf(request));
}

/** Nothing was looked up: where that is for want of a version, only the version is asked for. */
async function submitWithout(
  { completed }: ResourceRoute,
  data: Json,
  submitting: Promise<Submitted>,
): Promise<Submitted> {
  if (completed === undefined || Object.hasOwn(data, 'content')) return submitting;
  return submitting.catch((fault: unknown) => {
    throw versionAskedFor(fault);
  });
}

const withContent = <T extends { readonly data: Json }>(body: T, content: unknown): T => ({
  ...body,
  data: { ...body.data, content },
});

/** The same id again has its first outcome, also while nobody can say what its version declared. */
function unlessDecided(fault: unknown, outcome: CommandOutcome | undefined): Submitted {
  const isUnread = fault instanceof SubmissionRefused && fault.code === 'VERSIONS_UNAVAILABLE';
  if (!isUnread || outcome === undefined) throw fault;
  return { kind: 'decided', outcome };
}

function credentialsOf(request: Request): Credentials {
  const { authorization, 'api-key': apiKey } = request.headers;
  if (authorization !== undefined) return { authorization };
  return typeof apiKey === 'string' ? { 'api-key': apiKey } : {};
}

/** Fields of the command that its address says: path, query or method. The body does not have them. */
export function fieldsInAddress(route: ResourceRoute): ReadonlySet<string> {
  const { query = [], fixed = {} } = route;
  return new Set([...fieldsInPath(route), ...query, ...Object.keys(fixed)]);
}

/** Fields of the command that the path names. */
function fieldsInPath({ path, sends }: Pick<ResourceRoute, 'path' | 'sends'>): readonly string[] {
  const own = new Set(namedSchemas.get(fullNameOf[sends])?.fields?.map(({ name }) => name));
  return parametersOf(path).filter((name) => own.has(name));
}

function bodyOf(
  request: Request,
  route: ResourceRoute,
  { members }: SaidBeside,
): Json & { readonly data: Json } {
  const { common, rest } = split(request.body);
  const parameters = parametersIn(request);
  const named = fieldsInPath(route).map((name) => [name, valueOf(name, parameters)] as const);
  const asked = (route.query ?? []).map((name) => [name, request.query[name]] as const);
  const given = asked.filter(([, value]) => value !== undefined);
  const fixed = Object.entries(route.fixed ?? {});
  const inAddress = [...named, ...given, ...fixed];
  const twice = inAddress.filter(([name]) => Object.hasOwn(rest, name));
  if (twice.length > 0 && route.body !== 'content') {
    throw invalid(twice.map(([name]) => ({ path: `/${name}`, message: 'is said by the address' })));
  }
  const data = { ...fieldsOf(rest, route), ...Object.fromEntries(inAddress) };
  return { ...common, ...members, data };
}

/** Below an organization's address its projects are named without it; whole does no harm. */
function valueOf(name: string, parameters: Readonly<Record<string, string>>): string | undefined {
  const { organization } = parameters;
  const value = parameters[name];
  if (name !== 'project' || organization === undefined || value === undefined) return value;
  return value.startsWith(`${organization}/`) ? value : `${organization}/${value}`;
}

function fieldsOf(rest: Json, { body }: ResourceRoute): Json {
  if (body === 'content') return { content: rest };
  if (body !== 'patch') return rest;
  const { fields, violations } = changeOfPatch(rest);
  if (violations.length > 0) throw invalid(violations);
  return fields;
}

/** @throws Problem 422 for a body that is no object; one may be absent */
function split(body: unknown): { readonly common: Json; readonly rest: Json } {
  if (body === undefined) return { common: {}, rest: {} };
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid([{ path: '', message: 'must be an object' }]);
  }
  const names: ReadonlySet<string> = new Set(commonMembers);
  const entries = Object.entries(body);
  return {
    common: Object.fromEntries(entries.filter(([name]) => names.has(name))),
    rest: Object.fromEntries(entries.filter(([name]) => !names.has(name))),
  };
}

/** A place in the command, as the client of this route wrote it. */
function pathsOf(route: ResourceRoute, beside: SaidBeside, streamParameter: string): PathOf {
  const asCommand = commandPaths(beside);
  const inAddress = fieldsInAddress(route);
  return (path) => {
    if (path === '/stream') return streamParameter;
    if (path !== '/data' && !path.startsWith('/data/')) return asCommand(path);
    const [first = '', ...rest] = path.split('/').slice(2);
    if (inAddress.has(first)) return first;
    if (route.body === 'content' && first === 'content') return pointer(rest);
    const name = route.body === 'patch' ? (patchFields[first] ?? first) : first;
    return first === '' ? '' : pointer([name, ...rest]);
  };
}

const pointer = (segments: readonly string[]): string =>
  segments.map((segment) => `/${segment}`).join('');

function parametersIn(request: Request): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(request.params).map(([name, value]) => [name, String(value)]),
  );
}

function invalid(violations: readonly ProblemViolation[]): Problem {
  const detail = notUnderstood(violations, violations.length);
  return new Problem(422, 'INVALID_COMMAND', detail, { violations });
}
