import { gunzipSync, gzipSync } from 'node:zlib';
import { holdingOf } from '../checksum.ts';
import { TargetChanged, TargetRefused, TargetUnreachable } from '../dispatcher.ts';
import type { Holding, Place, TargetAccess } from '../dispatcher.ts';

/** What YuniKorn reads beside `queues.yaml`: the same, packed. */
const PACKED = '.gz';
/** An object of Kubernetes has 1 MiB at most; above this the text is packed, bytes. */
const PLAIN_BYTES_MAX = 900 * 1024;
/** Packed it is a third longer, for it travels as base64, bytes. */
const PACKED_BYTES_MAX = 750 * 1024;
/** Nothing larger is unpacked, bytes. */
const UNPACKED_BYTES_MAX = 128 * 1024 * 1024;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

export interface ConfigMapTarget {
  /** Of the Kubernetes API. */
  readonly api: string;
  readonly namespace: string;
  readonly name: string;
  /** Of the text in it: queues.yaml. */
  readonly key: string;
  /** The secret with the token (`bearer <token>`); null: none is sent. */
  readonly secretRef: string | null;
  /** The secret with the PEM of its authority; null: the system's. */
  readonly caRef: string | null;
}

interface ConfigMap {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/**
 * One key of a ConfigMap. The others are left as they are: YuniKorn keeps its settings there too. It is compared
 * and set by its version, so that nobody's change in between is lost.
 */
export function configMapPlace(target: ConfigMapTarget, access: TargetAccess): Place {
  /** Of the map as it was read last; null: there was none. */
  let version: string | null = null;
  return {
    async read(signal) {
      const { status, text } = await ask(target, access, { method: 'GET', signal });
      if (status === 404) {
        version = null;
        return holdingOf(null);
      }
      mustBeOk(status, text);
      const map = JSON.parse(text) as ConfigMap;
      version = map.metadata?.resourceVersion ?? null;
      return holdingOf(textIn(map, target.key));
    },
    async write(text, _former: Holding, signal) {
      const body = JSON.stringify(changeTo(target, text, version));
      const method = version === null ? 'POST' : 'PATCH';
      const { status, text: answer } = await ask(target, access, { method, body, signal });
      if (status === 409) throw new TargetChanged('Somebody else wrote the ConfigMap meanwhile.');
      mustBeOk(status, answer);
    },
  };
}

/** Plain where it fits, else packed; whichever it is, the other key goes, for YuniKorn would read both. */
export function changeTo(
  { namespace, name, key }: ConfigMapTarget,
  text: string,
  version: string | null,
) {
  const isPacked = Buffer.byteLength(text) > PLAIN_BYTES_MAX;
  const packed = isPacked ? gzipSync(text) : null;
  if (packed !== null && packed.length > PACKED_BYTES_MAX) {
    throw new TargetRefused(`Packed it has ${packed.length} bytes, more than a ConfigMap holds.`);
  }
  const isNew = version === null;
  const gone = isNew ? undefined : null;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name, ...(isNew ? {} : { resourceVersion: version }) },
    data: { [key]: packed === null ? text : gone },
    binaryData: { [`${key}${PACKED}`]: packed === null ? gone : packed.toString('base64') },
  };
}

function textIn({ data = {}, binaryData = {} }: ConfigMap, key: string): string | null {
  const packed = binaryData[`${key}${PACKED}`];
  if (packed === undefined) return data[key] ?? null;
  try {
    const bytes = gunzipSync(Buffer.from(packed, 'base64'), {
      maxOutputLength: UNPACKED_BYTES_MAX,
    });
    return bytes.toString('utf8');
  } catch {
    return '(not readable)';
  }
}

interface Asked {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly body?: string;
  readonly signal: AbortSignal;
}

async function ask(target: ConfigMapTarget, access: TargetAccess, { method, body, signal }: Asked) {
  const { api, namespace, name, secretRef, caRef } = target;
  const maps = `${api.replace(/\/+$/, '')}/api/v1/namespaces/${namespace}/configmaps`;
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const token = secretRef === null ? null : await access.secret(secretRef);
  return access.request({
    url: new URL(`${method === 'POST' ? maps : `${maps}/${name}`}?fieldManager=prorata`),
    method,
    ...(body === undefined ? {} : { body }),
    ...(caRef === null ? {} : { ca: await access.secret(caRef) }),
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': type }),
      ...(token === null ? {} : { authorization: token.replace(/^bearer\s+/, 'Bearer ') }),
    },
    answerBytesMax: ANSWER_BYTES_MAX,
    signal,
  });
}

/** @throws TargetRefused where only another text or the operator helps, TargetUnreachable where time does */
function mustBeOk(status: number, text: string): void {
  if (status >= 200 && status < 300) return;
  const message = `The Kubernetes API answered ${status}${reasonIn(text)}.`;
  if (status >= 400 && status < 500 && status !== 429) throw new TargetRefused(message);
  throw new TargetUnreachable(message);
}

function reasonIn(text: string): string {
  const [, reason] = /"reason":\s*"([A-Za-z]{1,64})"/.exec(text) ?? [];
  return reason === undefined ? '' : ` (${reason})`;
}
