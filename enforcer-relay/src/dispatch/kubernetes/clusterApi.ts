/** The cluster's API, as far as ResourceQuotas need it. */
import { TargetRefused, TargetUnreachable } from '../dispatcher.ts';
import type { TargetAccess } from '../dispatcher.ts';
import { isRecord } from './manifest.ts';
import type { ResourceQuotaManifest } from './manifest.ts';

export interface ClusterLogin {
  /** `https://host[:port][/path]`. */
  readonly target: string;
  readonly tokenRef: string | null;
  readonly caRef: string | null;
}

/** An object as the API tells it: its form is its own. */
export type ClusterObject = Readonly<Record<string, unknown>>;

export interface ClusterApi {
  /** All ResourceQuotas with these labels, of all namespaces. */
  list(selector: string): Promise<readonly ClusterObject[]>;
  /** Makes it, or sets what we own of it and takes over what others have set of that. @returns what it is now */
  apply(manifest: ResourceQuotaManifest): Promise<ClusterObject>;
  /** Takes bounds away that others have added to one of ours. */
  removeBounds(of: ResourceQuotaManifest, keys: readonly string[]): Promise<void>;
  /** Only while it is the object that was looked at; one that is gone already is no fault. */
  remove(object: ClusterObject): Promise<void>;
}

/** Under which the API keeps what we set apart from what others do. */
export const FIELD_MANAGER = 'prorata';
/** Objects of one answer. */
const PAGE = 500;
/** Twice as many as one text has: of more somebody has taken our labels. */
const OBJECTS_MAX = 4_000;
/** A page of objects with who set which field of them, bytes. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** Of the API's message so much is told, characters. */
const MESSAGE_LENGTH_MAX = 300;
const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';

type Method = 'GET' | 'PATCH' | 'DELETE';

interface Answer {
  readonly status: number;
  readonly body: ClusterObject;
}

export function clusterApi(
  login: ClusterLogin,
  access: TargetAccess,
  signal: AbortSignal,
): ClusterApi {
  const ask = (method: Method, path: string, body?: object, type = 'application/json') =>
    exchange(login, access, signal, { method, path, body, type });
  return {
    list: (selector) => listed(ask, selector),
    async apply(manifest) {
      const query = `fieldManager=${FIELD_MANAGER}&force=true&fieldValidation=Strict`;
      return accepted(await ask('PATCH', `${placeOf(manifest)}?${query}`, manifest, APPLY));
    },
    async removeBounds(of, keys) {
      const hard = Object.fromEntries(keys.map((key) => [key, null]));
      const path = `${placeOf(of)}?fieldManager=${FIELD_MANAGER}`;
      accepted(await ask('PATCH', path, { spec: { hard } }, MERGE));
    },
    async remove(object) {
      const { uid, resourceVersion } = metadataOf(object);
      const body = {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        preconditions: { uid, resourceVersion },
      };
      const answer = await ask('DELETE', placeOf(object), body);
      if (answer.status !== 404) accepted(answer);
    },
  };
}

async function listed(
  ask: (method: Method, path: string) => Promise<Answer>,
  selector: string,
): Promise<readonly ClusterObject[]> {
  const objects: ClusterObject[] = [];
  let next = '';
  do {
    const query = new URLSearchParams({ labelSelector: selector, limit: String(PAGE) });
    if (next !== '') query.set('continue', next);
    const { items, metadata } = accepted(
      await ask('GET', `api/v1/resourcequotas?${query.toString()}`),
    );
    if (!Array.isArray(items)) throw new TargetUnreachable('The API does not answer as one.');
    objects.push(...items.filter(isRecord));
    if (objects.length > OBJECTS_MAX) {
      throw new TargetRefused(`More than ${OBJECTS_MAX} ResourceQuotas have these labels.`);
    }
    const more = isRecord(metadata) ? metadata['continue'] : '';
    next = typeof more === 'string' ? more : '';
  } while (next !== '');
  return objects;
}

function placeOf(object: ClusterObject | ResourceQuotaManifest): string {
  const { namespace, name } = metadataOf(object);
  const place = [namespace, name].map((part) => encodeURIComponent(String(part)));
  return `api/v1/namespaces/${place[0] ?? ''}/resourcequotas/${place[1] ?? ''}`;
}

export function metadataOf(object: ClusterObject | ResourceQuotaManifest): ClusterObject {
  const { metadata } = object;
  return isRecord(metadata) ? metadata : {};
}

async function exchange(
  { target, tokenRef, caRef }: ClusterLogin,
  access: TargetAccess,
  signal: AbortSignal,
  sent: { method: Method; path: string; body: object | undefined; type: string },
): Promise<Answer> {
  const url = new URL(sent.path, target.endsWith('/') ? target : `${target}/`);
  const token = tokenRef === null ? null : tokenIn(await access.secret(tokenRef));
  const ca = caRef === null ? {} : { ca: await access.secret(caRef) };
  const { status, text } = await access.request({
    url,
    method: sent.method,
    headers: {
      accept: 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(sent.body === undefined ? {} : { 'content-type': sent.type }),
    },
    ...(sent.body === undefined ? {} : { body: JSON.stringify(sent.body) }),
    ...ca,
    answerBytesMax: ANSWER_BYTES_MAX,
    signal,
  });
  return { status, body: objectIn(text) };
}

/** With the word `bearer` before it, as secrets of validators have it, or alone. */
function tokenIn(secret: string): string {
  const token = /^(?:bearer\s+)?(\S+)$/i.exec(secret)?.[1];
  if (token === undefined) throw new TargetRefused('The secret is no token.');
  return token;
}

function objectIn(text: string): ClusterObject {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** @throws TargetUnreachable where the same may succeed later, else TargetRefused */
function accepted({ status, body }: Answer): ClusterObject {
  if (status >= 200 && status < 300) return body;
  const message = typeof body['message'] === 'string' ? body['message'] : '';
  const said = `The API says ${status}: ${message.slice(0, MESSAGE_LENGTH_MAX)}`;
  // 409: another writer in the same moment. 410: a list that took too long to read.
  if (status >= 500 || [408, 409, 410, 429].includes(status)) throw new TargetUnreachable(said);
  throw new TargetRefused(said);
}
