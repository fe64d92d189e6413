import { randomUUID } from 'node:crypto';
import { MUST_EXIST } from '@prorata/quota-model';
import { Problem } from '@prorata/service-runtime';
import type { ProblemViolation } from '@prorata/service-runtime';
import type { Request } from 'express';

/** What every command may say beside its own fields, and so every body of a resource route. */
export const commonMembers = ['reason', 'expectedVersion', 'dryRun', 'waivers', 'usage'] as const;
export type CommonMember = (typeof commonMembers)[number];
type Members = Partial<Record<CommonMember, unknown>>;

/** Safety checks that one request waives, as many as there could be twice over. */
const WAIVERS_MAX = 32;

export interface SaidBeside {
  readonly members: Members;
  /** Where a member was said, when it was not in the body. */
  readonly placeOf: Readonly<Partial<Record<CommonMember, string>>>;
}

/** The id in Idempotency-Key, else one that is made here: its sender cannot ask for it again. */
export function commandIdOf(request: Request): string {
  return request.get('idempotency-key') ?? randomUUID();
}

/** What a route lets a request say beside its body. */
export interface Sayable {
  /** Further parameters of the query. */
  readonly query?: readonly string[];
  /** Of the members of every command, those that this route takes; all when absent. */
  readonly members?: readonly CommonMember[];
}

/** Preconditions of HTTP that have no meaning here: one that is passed over would be a change. */
const REFUSED_HEADERS: ReadonlySet<string> = new Set(['if-unmodified-since', 'if-range']);
const OWN_HEADER = /^prorata-/;

/**
 * What headers and the query say beside the body: `Prorata-Reason`, `If-Match` and `If-None-Match: *`,
 * `?reason=`, `?dryRun=`, `?waive=CHECK:why`. What nobody knows, or the route does not take, is refused:
 * a `dryrun` that is passed over would be a change.
 * @throws Problem 422 PARAMETER_INVALID with every violation, also for one thing said in two ways
 */
export function saidBeside(request: Request, sayable: Sayable = {}): SaidBeside {
  const reading = new Reading(request, sayable);
  const body = isRecord(request.body) ? request.body : {};
  reading.say('reason', 'Prorata-Reason', utf8(request.get('prorata-reason')), body['reason']);
  reading.say('reason', 'reason', reading.parameter('reason'), body['reason']);
  reading.say('expectedVersion', 'If-Match', reading.version(request), body['expectedVersion']);
  reading.say('expectedVersion', 'If-None-Match', absenceOf(request), body['expectedVersion']);
  reading.say('dryRun', 'dryRun', reading.flag('dryRun'), body['dryRun']);
  reading.say('waivers', 'waive', reading.waivers(), body['waivers']);
  return reading.finish();
}

/** The members that the query can say, by its parameters. */
const inQuery = { reason: 'reason', dryRun: 'dryRun', waive: 'waivers' } as const;

/** Of a read's tag what follows the version. */
const ALTERED = /(\.\d{1,18}){1,3}$/;
/** Of 64 bits, which the desk looks at; -1 says as much as `*`. */
const VERSION = /^-?\d{1,19}$/;

class Reading {
  readonly #query: Request['query'];
  readonly #taken: ReadonlySet<CommonMember>;
  readonly #members: Members = {};
  readonly #placeOf: Partial<Record<CommonMember, string>> = {};
  readonly #violations: ProblemViolation[] = [];

  constructor(request: Request, { query = [], members = commonMembers }: Sayable) {
    this.#query = request.query;
    this.#taken = new Set(members);
    const common = Object.entries(inQuery).filter(([, member]) => this.#taken.has(member));
    const all = [...common.map(([name]) => name), ...query];
    for (const name of Object.keys(request.query)) {
      if (!all.includes(name)) this.#report(name, `is none of ${all.join(', ')}`);
    }
    for (const name of Object.keys(request.headers)) {
      const isUnknown = OWN_HEADER.test(name) && name !== 'prorata-reason';
      if (isUnknown || REFUSED_HEADERS.has(name)) this.#report(name, 'has no meaning here');
    }
  }

  say(member: CommonMember, place: string, value: unknown, inBody: unknown): void {
    if (value === undefined) return;
    if (!this.#taken.has(member)) {
      // Of the query's parameters the constructor has spoken.
      if (!Object.hasOwn(inQuery, place)) this.#report(place, 'has no meaning for this route');
      return;
    }
    const other = this.#members[member] ?? inBody;
    if (other !== undefined && other !== null && !isSame(other, value)) {
      this.#report(place, `says something else than ${this.#placeOf[member] ?? `/${member}`}`);
    }
    this.#members[member] = value;
    this.#placeOf[member] ??= place;
  }

  parameter(name: string): string | undefined {
    const value = this.#query[name];
    if (value === undefined || typeof value === 'string') return value;
    this.#report(name, 'must be given once');
    return undefined;
  }

  flag(name: string): boolean | undefined {
    const text = this.parameter(name);
    if (text === undefined) return undefined;
    if (text !== 'true' && text !== 'false') this.#report(name, 'must be true or false');
    return text === 'true';
  }

  /**
   * `"5"` says version 5, and so does a read's `"5.41.6.1"`, whose rest tells what ancestors have altered and the
   * answer's form; `*` is any version of what exists.
   */
  version(request: Request): string | undefined {
    const header = request.get('if-match')?.trim();
    if (header === undefined) return undefined;
    if (header === '*') return MUST_EXIST.toString();
    const [, tag = header] = /^"(.*)"$/.exec(header) ?? [];
    const version = tag.replace(ALTERED, '');
    if (VERSION.test(version)) return version;
    this.#report('If-Match', 'must be a version as the ETag of a read has it, such as "5", or *');
    return undefined;
  }

  waivers(): readonly object[] | undefined {
    const given = this.#query['waive'];
    if (given === undefined) return undefined;
    const texts: readonly unknown[] = Array.isArray(given) ? given : [given];
    if (texts.length > WAIVERS_MAX) this.#report('waive', `is given at most ${WAIVERS_MAX} times`);
    return texts.slice(0, WAIVERS_MAX).map((text) => {
      const [, check, reason] = /^([A-Z_]+):(.*)$/s.exec(String(text)) ?? [];
      if (check === undefined) this.#report('waive', 'must be CHECK:why it may be waived');
      return { check: check ?? '', reason: reason ?? '' };
    });
  }

  finish(): SaidBeside {
    if (this.#violations.length === 0) return { members: this.#members, placeOf: this.#placeOf };
    const names = this.#violations.map(({ path }) => path).join(', ');
    throw new Problem(422, 'PARAMETER_INVALID', `Not understood: ${names}.`, {
      violations: this.#violations,
    });
  }

  #report(path: string, message: string): void {
    this.#violations.push({ path, message });
  }
}

/** A version is a number or its text; of lists it is not asked, so that they are said in one place. */
function isSame(one: unknown, other: unknown): boolean {
  return typeof one !== 'object' && asText(one) === asText(other);
}

const asText = (value: unknown): string => JSON.stringify(value).replaceAll('"', '');

/** Version 0 stands for what does not exist yet; any other use of the header has no meaning here. */
function absenceOf(request: Request): string | undefined {
  const header = request.get('if-none-match')?.trim();
  if (header === undefined) return undefined;
  return header === '*' ? '0' : header;
}

/** Node reads a header byte by byte; people write UTF-8. */
function utf8(header: string | undefined): string | undefined {
  return header === undefined ? undefined : Buffer.from(header, 'latin1').toString('utf8');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
