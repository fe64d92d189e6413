import { parseStream } from '@prorata/quota-model';
import { fromJson, fullNameOf, timeToJson } from '@prorata/schemas';
import type { CommandMessage, JsonViolation } from '@prorata/schemas';
import { Problem } from '@prorata/service-runtime';
import type { Principal } from '@prorata/service-runtime';
import { commandRoles, isCommandType, maySend } from './commandRoles.ts';

/** A reason is a sentence or two for the audit log, characters. */
const REASON_LENGTH_MAX = 1_024;
/** Longer than any stream's name can be. */
const STREAM_LENGTH_MAX = 256;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
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
  readonly body: unknown;
  readonly commandId: string;
  /** From If-Match: the quota's version that the sender has seen. */
  readonly ifMatch: string | null;
  readonly principal: Principal;
  /** Microseconds. */
  readonly submittedAt: bigint;
}

/**
 * The command that a request asks for, in an envelope that the gateway vouches for.
 * @throws Problem: 422 INVALID_COMMAND with every violation, 403 when the caller may not send it
 */
export function buildCommand(request: CommandRequest): CommandMessage {
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
    throw new Problem(403, 'FORBIDDEN', `${type} needs one of the roles ${roles}.`);
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
      expectedVersion: given['expectedVersion'] ?? request.ifMatch,
      dryRun: given['dryRun'] ?? false,
      waivers: given['waivers'] ?? [],
      usage: given['usage'] ?? [],
      submittedAt: timeToJson(request.submittedAt),
    },
  });
  const violations = [
    ...violationsOfRequest(given, commandId, principal),
    ...violationsOfVersion(given['expectedVersion'], request.ifMatch),
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
  check(UUID.test(commandId), 'Idempotency-Key', 'must be a UUID in lower case');
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
      throw new Problem(403, 'FORBIDDEN', `The token is for the application ${application} alone.`);
    }
  }
  return violations;
}

/** Said twice and differently, it is unknown what the sender has seen. */
function violationsOfVersion(given: unknown, ifMatch: string | null): JsonViolation[] {
  const isNumber = typeof given === 'number' || typeof given === 'string';
  if (!isNumber || ifMatch === null || String(given) === ifMatch) return [];
  return [{ path: 'If-Match', message: 'differs from expectedVersion' }];
}

/** The caller sent no envelope: what is wrong in it is wrong in the request. */
function asSent({ path, message }: JsonViolation): JsonViolation {
  if (path.startsWith('/envelope/')) return { path: path.slice('/envelope'.length), message };
  return { path: `/data${path}`, message };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(violations: readonly JsonViolation[]): Problem {
  const places = violations.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new Problem(422, 'INVALID_COMMAND', `The command cannot be understood: ${places}.`, {
    violations,
  });
}
