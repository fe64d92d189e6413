import { describeRoles, parseStream } from '@prorata/quota-model';
import { fromJson, fullNameOf, timeToJson } from '@prorata/schemas';
import type { CommandMessage, JsonViolation } from '@prorata/schemas';
import type { Principal } from '@prorata/service-runtime';
import { commandRoles, isCommandType, maySend } from '../commandRoles.ts';
import { notUnderstood, SubmissionRefused } from './submissionRefused.ts';

/** A reason is a sentence or two for the audit log, characters. */
const REASON_LENGTH_MAX = 1_024;
/** Longer than any stream's name can be. */
const STREAM_LENGTH_MAX = 256;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const COMMAND_ID_EXPECTED = 'must be a UUID in lower case';
export const isCommandId = (text: string): boolean => UUID.test(text);
const FIELDS = new Set([
  'type',
  'stream',
  'reason',
  'expectedVersion',
  'dryRun',
  'waivers',
  'usage',
  'data',
]);

export interface CommandRequest {
  /** The command as a client writes it: type, stream, reason and data, and what else `FIELDS` names. */
  readonly body: unknown;
  readonly commandId: string;
  readonly principal: Principal;
  /** The caller's trace (W3C traceparent), when it has one. */
  readonly traceparent?: string | undefined;
}

/**
 * The command that a request asks for, in an envelope that the gateway vouches for.
 * @param submittedAt microseconds
 * @throws SubmissionRefused: INVALID_COMMAND with every violation, by JSON pointers into the body and
 * `/commandId`; FORBIDDEN when the caller may not send it
 */
export function buildCommand(request: CommandRequest, submittedAt: bigint): CommandMessage {
  const { body, commandId, principal } = request;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid([{ path: '', message: 'must be an object with type, stream, reason and data' }]);
  }
  const given = body as Record<string, unknown>;
  const { type } = given;
  if (!isCommandType(type)) {
    const known = Object.keys(commandRoles).join(', ');
    throw invalid([{ path: '/type', message: `must be one of ${known}` }]);
  }
  if (!maySend(type, principal, given['stream'])) {
    const roles = commandRoles[type].join(', ');
    throw new SubmissionRefused(
      'FORBIDDEN',
      `${type} needs one of the roles ${roles}. ${describeRoles(principal)}`,
    );
  }
  const data = isRecord(given['data']) ? given['data'] : {};
  const parsed = fromJson(fullNameOf[type], {
    ...data,
    envelope: {
      commandId,
      stream: given['stream'],
      actor: principal.actor,
      roles: principal.roles,
      groups: principal.groups,
      grants: principal.grants,
      reason: given['reason'],
      expectedVersion: given['expectedVersion'] ?? null,
      dryRun: given['dryRun'] ?? false,
      waivers: given['waivers'] ?? [],
      usage: given['usage'] ?? [],
      submittedAt: timeToJson(submittedAt),
    },
  });
  const violations = [
    ...violationsOfRequest(given, commandId, principal),
    ...('violations' in parsed ? parsed.violations.map(asSent) : []),
  ];
  if (violations.length > 0 || !('value' in parsed)) throw invalid(violations);
  return { type, value: parsed.value } as CommandMessage;
}

function violationsOfRequest(
  given: Record<string, unknown>,
  commandId: string,
  { application }: Principal,
): JsonViolation[] {
  const violations: JsonViolation[] = [];
  const check = (holds: boolean, path: string, message: string): void => {
    if (!holds) violations.push({ path, message });
  };
  for (const name of Object.keys(given)) check(FIELDS.has(name), `/${name}`, 'is not a field here');
  const { data, stream, reason } = given;
  check(isRecord(data), '/data', "must be an object with the command's own fields");
  check(
    !(isRecord(data) && 'envelope' in data),
    '/data/envelope',
    'is made by the gateway and cannot be sent',
  );
  check(isCommandId(commandId), '/commandId', COMMAND_ID_EXPECTED);
  if (typeof reason === 'string') {
    check(reason.trim() !== '', '/reason', 'must say why, for the audit log');
    check(
      reason.length <= REASON_LENGTH_MAX,
      '/reason',
      `has at most ${REASON_LENGTH_MAX} characters`,
    );
  }
  if (typeof stream === 'string') {
    const isStream = stream.length <= STREAM_LENGTH_MAX && parseStream(stream) !== null;
    check(
      isStream,
      '/stream',
      'must be application:<id>, organization:<id>, pricebook:<id> or tierpolicy:<id>',
    );
    if (isStream && application !== null && stream !== `application:${application}`) {
      throw new SubmissionRefused(
        'APPLICATION_FOREIGN',
        `The token is for the application ${application} alone.`,
      );
    }
  }
  return violations;
}

/** The caller sent no envelope: what is wrong in it is wrong in the request. */
function asSent({ path, message }: JsonViolation): JsonViolation {
  if (path.startsWith('/envelope/')) return { path: path.slice('/envelope'.length), message };
  return { path: `/data${path}`, message };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A body of nothing but faults must not make an answer many times its size. */
const VIOLATIONS_MAX = 100;

function invalid(all: readonly JsonViolation[]): SubmissionRefused {
  const violations = all.slice(0, VIOLATIONS_MAX);
  return new SubmissionRefused('INVALID_COMMAND', notUnderstood(violations, all.length), {
    violations,
  });
}
