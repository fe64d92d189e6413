import type { ServerResponse } from 'node:http';
import { DELAY_MS_MAX, enter, isRefusal, refusalOf } from '../adapters/passage.ts';
import type { Entry, QuotaUse, Refusal } from '../adapters/passage.ts';
import type { Handle } from '../decision/handle.ts';
import type { LimitRoom } from '../decision/room.ts';
import type { Verdict } from '../decision/verdict.ts';
import type { Host } from '../host.ts';
import type { Admission } from '../overload/admission.ts';
import type { Outcome } from '../overload/gradientLimit.ts';
import { BoundHandles } from './boundHandles.ts';
import { policyNames, rateLimitFields } from './rateLimitFields.ts';
import type { Fields } from './rateLimitFields.ts';
import { refusedAnswer } from './refusedAnswer.ts';
import type { RefusedAnswer } from './refusedAnswer.ts';

export interface GuardOptions<Request> {
  readonly host: Host;
  /** Whose quota: a handle that is bound, or what to bind for a request (`host.bind`). */
  readonly quota: Handle | ((request: Request) => Readonly<Record<string, string>>);
  /** A rate or a consumable that requests are charged to. */
  readonly resource?: string;
  /** Whole base units. Default 1. */
  readonly cost?: (request: Request) => number;
  /** A concurrency limit of which a request holds one until its answer is sent. */
  readonly permits?: string;
  /** Where limits are each key's own: the request's. */
  readonly key?: (request: Request) => string;
  /** 0 (the most protected) to 4, for a host with `overload`. Default: the quota's tier, or 2. */
  readonly tier?: (request: Request) => number;
  /** How long a request may wait where the quota's action is `delay`. Default 1,000. */
  readonly maxDelayMs?: number;
  /** Whether answers carry `RateLimit` and `RateLimit-Policy`. Default true. */
  readonly fields?: boolean;
}

/** A request that goes on, and what its answer carries. */
export interface Guarded {
  readonly fields: Fields;
  readonly verdict: Verdict;
  /** DEGRADE: how, as the quota says. */
  readonly tag: string | null;
  end(outcome: Outcome): void;
}

export const isGuarded = (answer: Guarded | RefusedAnswer): answer is Guarded => 'end' in answer;

/** What every server's adapter does: the host's health first, then the quota, then the answer's fields. */
export class RequestGuard<Request> {
  readonly #options: GuardOptions<Request>;
  readonly #handles: BoundHandles;

  constructor(options: GuardOptions<Request>) {
    this.#options = options;
    this.#handles = new BoundHandles(options.host);
  }

  /** @returns at once, but for a request that waits because its quota's action is `delay` */
  enter(request: Request): Guarded | RefusedAnswer | Promise<Guarded | RefusedAnswer> {
    const { host, tier, maxDelayMs = DELAY_MS_MAX } = this.#options;
    const quota = this.#handleFor(request);
    const rank = tier?.(request) ?? quota.tier;
    const admission = host.admit(rank === null ? {} : { tier: rank });
    if (admission === null) return refusedAnswer(refusalOf(host.last));
    const failed = (error: unknown): never => {
      admission.release('ignored');
      throw error;
    };
    let use: QuotaUse;
    let entry: Entry | Promise<Entry>;
    try {
      use = this.#useOf(request, quota);
      entry = enter(host, use, maxDelayMs);
    } catch (error) {
      return failed(error);
    }
    if (!(entry instanceof Promise)) return this.#answer(entry, use, admission);
    return entry.then((late) => this.#answer(late, use, admission), failed);
  }

  #handleFor(request: Request): Handle {
    const { quota } = this.#options;
    return typeof quota === 'function' ? this.#handles.of(quota(request)) : quota;
  }

  #useOf(request: Request, quota: Handle): QuotaUse {
    const { resource, cost, permits, key } = this.#options;
    return { quota, resource, permits, cost: cost?.(request), key: key?.(request) };
  }

  #answer(entry: Entry, use: QuotaUse, admission: Admission): Guarded | RefusedAnswer {
    const rooms = this.#rooms(use);
    if (isRefusal(entry)) {
      admission.release('ignored');
      return refused(entry, use, rooms);
    }
    return {
      fields: rateLimitFields(rooms),
      verdict: entry.verdict,
      tag: entry.tag,
      end: (outcome) => {
        entry.release();
        admission.release(outcome);
      },
    };
  }

  #rooms({ quota, resource, permits, key }: QuotaUse): LimitRoom[] {
    if (this.#options.fields === false) return [];
    const resources = [resource, permits].filter((name) => name !== undefined);
    return resources.flatMap((name) => quota.room(name, key));
  }
}

function refused(refusal: Refusal, use: QuotaUse, rooms: readonly LimitRoom[]): RefusedAnswer {
  const cost = refusal.resource === use.resource ? (use.cost ?? 1) : 1;
  const lacking = rooms.filter(
    ({ resource, left }) => resource === refusal.resource && left < cost,
  );
  const names = policyNames(rooms).filter((_, at) => lacking.some((room) => room === rooms[at]));
  const answer = refusedAnswer(refusal, names);
  return { ...answer, headers: { ...answer.headers, ...rateLimitFields(rooms, lacking) } };
}

/** Statuses by which a server says that it was too busy itself, or that what it asked was. */
const DROPPED = new Set([503, 504]);

/** Ends a request with its answer: once it is sent, or the connection is gone. */
export function endWith(response: ServerResponse, guarded: Guarded): void {
  response.once('close', () => {
    const { statusCode } = response;
    if (DROPPED.has(statusCode)) guarded.end('dropped');
    else guarded.end(response.writableFinished && statusCode < 500 ? 'ok' : 'ignored');
  });
}
