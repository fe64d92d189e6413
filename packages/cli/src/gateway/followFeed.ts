import { setTimeout as delay } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import { CommandError } from '../commandError.ts';
import { isJson } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import type { GatewayClient } from './gatewayClient.ts';
import { GatewayProblem } from './gatewayProblem.ts';

/** The feed says something every five seconds; after three silences the connection is dead. */
const SILENCE_MS = 15_000;
/** Before it is asked again, milliseconds: it grows while nobody answers. */
const PAUSE_MS = 500;
const PAUSE_MS_MAX = 10_000;

export interface FeedQuestion {
  /** Of `/v1/feed`: within, owner, project, type. */
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The id to go on after; null: from now on. */
  readonly after: string | null;
  readonly signal: AbortSignal;
}

/** A change as the feed tells it, and the id to go on after it. */
export interface FedChange {
  readonly id: string;
  readonly change: Json;
}

export interface FeedListener {
  /** @returns false: no more */
  readonly changed: (fed: FedChange) => boolean;
  /** The connection is lost, and is made again from where it was; told once, however many tries it takes. */
  readonly lost: (why: string) => void;
  /** It is there again. */
  readonly found: () => void;
}

/**
 * Tells of every change, without a gap over lost connections, until the listener or the signal ends it.
 * @throws GatewayProblem for what another try would not mend, and CommandError where there never was a connection
 */
export async function followFeed(
  client: GatewayClient,
  { query, after, signal }: FeedQuestion,
  listener: FeedListener,
): Promise<void> {
  let last = after;
  let pauseMs = PAUSE_MS;
  const connection: { state: 'new' | 'open' | 'lost' } = { state: 'new' };
  const heard = {
    opened: () => {
      if (connection.state === 'lost') listener.found();
      connection.state = 'open';
    },
    id: (id: string) => {
      [last, pauseMs] = [id, PAUSE_MS];
    },
  };
  while (!hasEnded(signal)) {
    const ended = await listen(client, { query, after: last, signal }, listener, heard);
    if (ended === 'enough' || hasEnded(signal)) return;
    if (connection.state === 'new') throw new CommandError(ended.why);
    if (connection.state === 'open') listener.lost(ended.why);
    connection.state = 'lost';
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2);
  }
}

interface Heard {
  readonly opened: () => void;
  readonly id: (id: string) => void;
}

/** It may end at any await, which the type of the signal does not say. */
const hasEnded = ({ aborted }: AbortSignal): boolean => aborted;

async function listen(
  client: GatewayClient,
  { query, after, signal }: FeedQuestion,
  listener: FeedListener,
  heard: Heard,
): Promise<'enough' | { readonly why: string }> {
  const silence = new AbortController();
  const either = AbortSignal.any([signal, silence.signal]);
  const watchdog = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const headers = after === null ? {} : { 'last-event-id': after };
    const response = await client.open('/v1/feed', query, headers, either);
    heard.opened();
    const isEnough = await readAll(response, listener, heard.id, () => watchdog.refresh());
    return isEnough ? 'enough' : { why: 'the feed ended' };
  } catch (error) {
    if (error instanceof GatewayProblem && error.status < 500 && error.status !== 429) throw error;
    if (hasEnded(signal)) return 'enough';
    if (error instanceof CommandError) return { why: error.message };
    return { why: silence.signal.aborted ? 'nothing came for 15 s' : 'it was closed' };
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}

/** @returns whether the listener wants no more */
async function readAll(
  { body }: Response,
  listener: FeedListener,
  heard: (id: string) => void,
  alive: () => void,
): Promise<boolean> {
  const state = { isEnough: false };
  const parser = createParser({
    // A heartbeat without data is no event, and its id counts all the same.
    onId(id) {
      if (!state.isEnough && id !== '') heard(id);
    },
    onEvent({ id = '', event, data }) {
      if (state.isEnough) return;
      const change = event === 'change' ? (JSON.parse(data) as unknown) : null;
      state.isEnough = isJson(change) && !listener.changed({ id, change });
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of body ?? []) {
    alive();
    parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
    if (state.isEnough) return true;
  }
  return false;
}
