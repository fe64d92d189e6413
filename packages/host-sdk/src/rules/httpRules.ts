import type { Rule } from '@prorata/schemas';
import type { EventSourceMessage } from 'eventsource-parser';
import { Backoff, isRunning } from '../backoff.ts';
import { headersWith } from '../bearerToken.ts';
import type { BearerToken } from '../bearerToken.ts';
import { assertTaken, CredentialsRejected } from '../credentialsRejected.ts';
import { streamLeases } from '../leases/httpLeases.ts';
import { readEvents, RuleStreamBroken, SILENCE_MS_MAX } from './eventStream.ts';
import { HeldRules } from './heldRules.ts';
import { longOf, objectFromText, ruleFromJson, RulesUnreadable } from './ruleJson.ts';
import { reconnectMaxMs, reconnectMinMs } from './ruleSource.ts';
import type { RuleSink, RuleSource } from './ruleSource.ts';

export interface HttpRulesOptions {
  /** The gateway or the relay, such as https://prorata.example:8443. */
  readonly url: string;
  /** A token with the role host; a function is asked at every connection. */
  readonly token: BearerToken;
}

/** Of one poll; a whole set of a hundred thousand rules takes a few seconds. */
const POLL_MS_MAX = 15_000;

type Json = Readonly<Record<string, unknown>>;

/** One application's rules at one relay. */
interface Place {
  readonly address: URL;
  readonly token: BearerToken;
  readonly held: HeldRules;
  readonly sink: RuleSink;
  readonly abort: AbortSignal;
}

/**
 * Rules by server-sent events: the whole set first, then every change; after a break only what has changed. Where no
 * stream can be had (all of the relay's are taken, something in between holds them back), the rules are asked for
 * after each attempt, at most every 10 s.
 */
export function httpRules({ url, token }: HttpRulesOptions): RuleSource {
  return {
    kind: 'http',
    async run(application, sink, abort) {
      const address = new URL(`/v1/rules/${encodeURIComponent(application)}`, url);
      const place = { address, token, held: new HeldRules(), sink, abort };
      const backoff = new Backoff(reconnectMinMs, reconnectMaxMs);
      while (isRunning(abort)) {
        const stream = { hasBegun: false };
        const arrived = (): void => {
          stream.hasBegun = true;
          backoff.reset();
        };
        try {
          await readStream(place, arrived);
        } catch (error) {
          if (isRunning(abort)) sink.failed(error);
          if (!stream.hasBegun && !(error instanceof CredentialsRejected)) await poll(place);
        }
        await backoff.pause(abort);
      }
    },
    followLeases: (holder, sink, abort) => streamLeases({ url, token }, holder, sink, abort),
  };
}

async function readStream(place: Place, arrived: () => void): Promise<void> {
  const silent = new AbortController();
  const watchdog = setTimeout(
    () => silent.abort(new RuleStreamBroken(`Nothing came for ${SILENCE_MS_MAX} ms.`)),
    SILENCE_MS_MAX,
  );
  watchdog.unref();
  try {
    const signal = AbortSignal.any([place.abort, silent.signal]);
    const response = await ask(place, '/stream', 'text/event-stream', signal);
    await readEvents(
      response.body,
      (event) => {
        handle(event, place);
        arrived();
      },
      () => watchdog.refresh(),
    );
  } finally {
    clearTimeout(watchdog);
  }
}

/** What a stream would have begun with. Never rejects: the next attempt follows in any case. */
async function poll(place: Place): Promise<void> {
  const { abort, sink } = place;
  if (!isRunning(abort)) return;
  try {
    const signal = AbortSignal.any([abort, AbortSignal.timeout(POLL_MS_MAX)]);
    const response = await ask(place, '', 'application/json', signal);
    const json = objectFromText(await new Response(response.body).text());
    take(json, place);
    if (json['isCurrent'] === true) sink.confirm();
  } catch (error) {
    if (isRunning(abort)) sink.failed(error);
  }
}

/** @throws CredentialsRejected, RuleStreamBroken */
async function ask(
  { address, token, held }: Place,
  path: string,
  accept: string,
  signal: AbortSignal,
): Promise<{ readonly body: ReadableStream<Uint8Array> }> {
  const url = new URL(`${address.pathname}${path}`, address);
  if (held.since !== null) url.searchParams.set('since', held.since);
  const response = await fetch(url, { headers: await headersWith(token, { accept }), signal });
  if (response.ok && response.body !== null) return { body: response.body };
  await response.body?.cancel();
  assertTaken(url.pathname, response.status);
  throw new RuleStreamBroken(`${url.pathname} answered ${response.status}.`);
}

/** Only `heartbeat` confirms: a relay that has lost the log goes on sending comments. */
function handle({ event, data }: EventSourceMessage, place: Place): void {
  const { held, sink } = place;
  if (event === 'heartbeat') {
    if (data !== '') held.verify(objectFromText(data));
    sink.confirm();
  } else if (event === 'rules' || event === 'changes') take(objectFromText(data), place);
  else if (event === 'rule') {
    const json = objectFromText(data);
    held.put(json);
    const rule = readable(json, sink);
    if (rule !== null) sink.change(rule);
    else notTaken(json, sink);
  } else if (event === 'rule-deleted') remove(objectFromText(data), place);
}

/** A whole set, or, where it says since when, what has changed. */
function take(json: Json, place: Place): void {
  const list = json['rules'];
  if (!Array.isArray(list)) throw new RulesUnreadable('The set has no list of rules.');
  if ('since' in json) takeChanges(json, list, place);
  else takeAll(json, list, place);
  place.held.verify(json);
}

function takeChanges(json: Json, list: readonly unknown[], place: Place): void {
  const { held, sink } = place;
  for (const item of list) {
    held.put(item);
    const rule = readable(item, sink);
    if (rule !== null) sink.change(rule);
    else notTaken(item, sink);
  }
  for (const gone of (json['gone'] ?? []) as readonly Json[]) remove(gone, place);
}

/** The last good rule of the quota stays, and reports count it. */
function notTaken(item: unknown, sink: RuleSink): void {
  const quotaId = (item as { quotaId?: unknown } | null)?.quotaId;
  if (typeof quotaId === 'string') sink.unreadable?.(quotaId);
}

function takeAll(json: Json, list: readonly unknown[], { held, sink }: Place): void {
  const rules: Rule[] = [];
  const unreadable: string[] = [];
  const appliedOffset = longOf(json['appliedOffset'], 'appliedOffset');
  const completeTo = json['completeTo'] == null ? null : longOf(json['completeTo'], 'completeTo');
  const isCurrent = json['isCurrent'] === true;
  held.begin(isCurrent && completeTo !== null);
  for (const item of list) {
    held.put(item);
    const rule = readable(item, sink);
    const quotaId = (item as { quotaId?: unknown } | null)?.quotaId;
    if (rule !== null) rules.push(rule);
    else if (typeof quotaId === 'string') unreadable.push(quotaId);
  }
  sink.replaceAll({ rules, unreadable, completeTo, isCurrent, appliedOffset });
}

function remove(json: Json, { held, sink }: Place): void {
  const { quotaId, eventOffset } = json;
  if (typeof quotaId !== 'string') throw new RulesUnreadable('A deletion names no quota.');
  held.remove(quotaId);
  sink.remove(quotaId, longOf(eventOffset, 'eventOffset'));
}

/** null: it cannot be read, which the sink was told. */
function readable(item: unknown, sink: RuleSink): Rule | null {
  try {
    return ruleFromJson(item);
  } catch (error) {
    sink.failed(error);
    return null;
  }
}
