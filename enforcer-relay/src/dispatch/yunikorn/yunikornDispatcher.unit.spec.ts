import { gunzipSync } from 'node:zlib';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { guardedRequest, mustBeAllowed } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { checksumOf, holdingOf } from '../checksum.ts';
import { TargetChanged, TargetRefused } from '../dispatcher.ts';
import type { TargetAccess } from '../dispatcher.ts';
import { capacity, concurrency, resource } from '../testing/dispatchedSets.ts';
import { dispatcherContract } from '../testing/dispatcher.contract.ts';
import type { TargetUnderTest } from '../testing/dispatcher.contract.ts';
import { FakeServer } from '../testing/fakeServer.ts';
import { noAccess } from '../testing/targetAccess.ts';
import { yunikornDispatcher } from './yunikornDispatcher.ts';
import { yunikornFormat } from './yunikornFormat.ts';

const TOKEN = 'token-of-the-relay';
const terms = { resources: { cores: 'vcore', memory: 'memory' }, applications: 'apps' };
const subject = {
  format: yunikornFormat(terms),
  resources: [
    resource('cores', 'capacity', 'milli-vcore'),
    resource('memory', 'capacity', 'byte'),
    resource('apps', 'concurrency', 'application'),
  ],
  limits: (amount: bigint | 'blocked' | 'unlimited') => [
    capacity('cores', amount),
    capacity('memory', amount),
    concurrency('apps', amount),
  ],
  secrets: [TOKEN],
};

interface Map {
  readonly data: Record<string, string | null>;
  readonly binaryData: Record<string, string | null>;
}

/** One ConfigMap of an API server, and a scheduler that reads it. */
class Cluster {
  map: Map | null = null;
  version = 0;
  writes = 0;
  isReachable = true;
  /** Why the scheduler does not take a text; null: it takes all. */
  reason: string | null = null;
  /** What the scheduler runs by. */
  taken: string | null = null;
  isTaking = true;

  get text(): string | null {
    const packed = this.map?.binaryData['queues.yaml.gz'] ?? null;
    if (packed !== null) return gunzipSync(Buffer.from(packed, 'base64')).toString();
    return this.map?.data['queues.yaml'] ?? null;
  }

  answer(method: string, url: string, authorization: string | undefined, body: string) {
    if (!this.isReachable) return { status: 503, body: {} };
    if (url === '/ws/v1/validate-conf') {
      return { status: 200, body: { allowed: this.reason === null, reason: this.reason } };
    }
    if (url === '/ws/v1/config') {
      const checksum = this.taken === null ? null : checksumOf(this.taken).toUpperCase();
      return { status: 200, body: { Checksum: checksum } };
    }
    if (authorization !== `Bearer ${TOKEN}`)
      return { status: 401, body: { reason: 'Unauthorized' } };
    if (method === 'GET') return this.#shown();
    return this.#written(JSON.parse(body) as Map & { metadata: { resourceVersion?: string } });
  }

  #shown() {
    if (this.map === null) return { status: 404, body: { reason: 'NotFound' } };
    return {
      status: 200,
      body: { metadata: { resourceVersion: `${this.version}` }, ...this.map },
    };
  }

  #written({ metadata, data, binaryData }: Map & { metadata: { resourceVersion?: string } }) {
    const expected = this.map === null ? undefined : `${this.version}`;
    if (metadata.resourceVersion !== expected) return { status: 409, body: { reason: 'Conflict' } };
    this.map = {
      data: merged({ ...this.map?.data, ...data }),
      binaryData: merged({ ...this.map?.binaryData, ...binaryData }),
    };
    this.version++;
    this.writes++;
    if (this.isTaking) this.taken = this.text;
    return { status: 200, body: {} };
  }
}

/** As a merge patch (RFC 7396): null is gone. */
const merged = (values: Readonly<Record<string, string | null>>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));

async function begun() {
  const cluster = new Cluster();
  const server = await FakeServer.begin(({ method = '', url = '', headers }, body) =>
    cluster.answer(method, url.replace(/\?.*/, ''), headers.authorization, body),
  );
  const hosts = new Set([server.host]);
  const access: TargetAccess = {
    ...noAccess,
    hosts,
    secret: () => Promise.resolve(`bearer ${TOKEN}`),
    async request(request) {
      mustBeAllowed(request.url, hosts);
      return guardedRequest(request);
    },
  };
  const address = `http://${server.host}`;
  const settings = { ...terms, place: 'configmap', api: address, scheduler: address };
  const dispatcher = {
    name: 'scheduler',
    kind: 'yunikorn',
    target: 'yunikorn/yunikorn-configs',
    secretRef: 'kube-token',
    settings: JSON.stringify(settings),
  } as const;
  return { cluster, server, access, dispatcher };
}

async function openMap(): Promise<TargetUnderTest> {
  const { cluster, server, access, dispatcher } = await begun();
  return {
    place: () => yunikornDispatcher.place(dispatcher, access),
    holds: () => Promise.resolve(cluster.text),
    writes: () => cluster.writes,
    changeIt() {
      cluster.map = { data: { 'queues.yaml': 'partitions: []' }, binaryData: {} };
      cluster.version++;
      return Promise.resolve();
    },
    setReachable: (isReachable) => void (cluster.isReachable = isReachable),
    close: () => server.close(),
  };
}

async function openFile(): Promise<TargetUnderTest> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-yunikorn-'));
  const file = path.join(directory, 'moka', 'queues.yaml');
  const dispatcher = {
    name: 'scheduler',
    kind: 'yunikorn',
    target: 'queues.yaml',
    secretRef: null,
    settings: JSON.stringify(terms),
  } as const;
  let writes = 0;
  let isReachable = true;
  return {
    place() {
      const real = yunikornDispatcher.place(dispatcher, { ...noAccess, directory });
      const away = yunikornDispatcher.place(dispatcher, noAccess);
      const now = () => (isReachable ? real : away);
      return {
        read: (signal) => now().read(signal),
        async write(text, former, signal) {
          await now().write(text, former, signal);
          writes++;
        },
      };
    },
    holds: () => readFile(file, 'utf8').catch(() => null),
    writes: () => writes,
    changeIt: () => writeFile(file, 'partitions: []'),
    setReachable: (value) => void (isReachable = value),
    close: () => rm(directory, { recursive: true }),
  };
}

const dispatcher = {
  name: 'scheduler',
  kind: 'yunikorn',
  target: 'queues.yaml',
  secretRef: null,
  settings: JSON.stringify(terms),
} as const;
dispatcherContract("YuniKorn's queues in a file", { ...subject, dispatcher, open: openFile });
dispatcherContract("YuniKorn's queues in a ConfigMap, judged and confirmed by the scheduler", {
  ...subject,
  dispatcher: { ...dispatcher, target: 'yunikorn/yunikorn-configs', secretRef: 'kube-token' },
  open: openMap,
});

describe("YuniKorn's ConfigMap", () => {
  const signal = new AbortController().signal;

  it('is not written where the scheduler would not take the text, and its reason is told', async () => {
    const { cluster, server, access, dispatcher: of } = await begun();
    cluster.reason = 'invalid max resource';
    const writing = yunikornDispatcher.place(of, access).write('text', holdingOf(null), signal);
    await expect(writing).rejects.toThrow('YuniKorn does not take it: invalid max resource');
    expect(cluster.writes).toBe(0);
    await server.close();
  });

  it('is waited for until the scheduler runs by it: a reload that failed is only in its log', async () => {
    const { cluster, server, access, dispatcher: of } = await begun();
    cluster.isTaking = false;
    const place = yunikornDispatcher.place(of, access);
    await place.read(signal);
    await place.write('text', holdingOf(null), signal);
    expect(await place.confirm?.('text', signal)).toContain('has not taken it yet');
    cluster.taken = 'text';
    expect(await place.confirm?.('text', signal)).toBeNull();
    await server.close();
  });

  it('is packed when it is large, and only one of both forms stays, beside keys of others', async () => {
    const { cluster, server, access, dispatcher: of } = await begun();
    cluster.map = { data: { 'service.policyGroup': 'queues' }, binaryData: {} };
    const place = yunikornDispatcher.place(of, access);
    const large = 'queue\n'.repeat(200_000);
    for (const text of ['small', large, 'small again']) {
      await place.write(text, await place.read(signal), signal);
      expect((await place.read(signal)).text).toBe(text);
      const { data, binaryData } = cluster.map;
      expect(data['service.policyGroup']).toBe('queues');
      expect('queues.yaml' in data).toBe(text !== large);
      expect('queues.yaml.gz' in binaryData).toBe(text === large);
    }
    await server.close();
  });

  it('is refused when it is too large even packed', async () => {
    const { server, access, dispatcher: of } = await begun();
    let seed = 1;
    const noise = Array.from({ length: 500_000 }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed.toString(36);
    }).join('');
    const place = yunikornDispatcher.place(of, access);
    await expect(place.write(noise, await place.read(signal), signal)).rejects.toThrow(
      TargetRefused,
    );
    await server.close();
  });

  it('is not written over what somebody else wrote in between', async () => {
    const { cluster, server, access, dispatcher: of } = await begun();
    const place = yunikornDispatcher.place(of, access);
    await place.write('ours', await place.read(signal), signal);
    const former = await place.read(signal);
    cluster.version++;
    await expect(place.write('newer', former, signal)).rejects.toThrow(TargetChanged);
    await server.close();
  });
});
