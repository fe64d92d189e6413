import type { KubernetesSettings } from '@prorata/quota-model';
import { guardedRequest } from '@prorata/service-runtime';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Acceptance } from '../../src/dispatch/kubernetes/testing/acceptance.ts';
import type { TargetAccess } from '../../src/dispatch/dispatcher.ts';
import { kubernetesDispatcher } from '../../src/dispatch/kubernetes/kubernetesDispatcher.ts';
import {
  MANAGED_BY,
  MANAGED_BY_LABEL,
  manifestsText,
} from '../../src/dispatch/kubernetes/manifest.ts';
import type { ResourceQuotaManifest } from '../../src/dispatch/kubernetes/manifest.ts';
import { manifestProblems } from '../../src/dispatch/kubernetes/manifestProblems.ts';
import { textInForce } from '../../src/dispatch/kubernetes/manifestsInForce.ts';
import { pincompute, training } from '../../src/dispatch/kubernetes/testing/acceptance.ts';
import {
  dispatcherTo,
  inNamespaces,
  resources,
} from '../../src/dispatch/kubernetes/testing/clusterSample.ts';
import { capacity, concurrency } from '../../src/dispatch/testing/dispatchedSets.ts';
import { dispatcherContract } from '../../src/dispatch/testing/dispatcher.contract.ts';
import type { TargetUnderTest } from '../../src/dispatch/testing/dispatcher.contract.ts';
import { noAccess } from '../../src/dispatch/testing/targetAccess.ts';
import { textFor } from '../../src/dispatch/textFor.ts';
import { BUILD_MS_MAX, startApiServer, whatIsMissing } from './apiServer.ts';
import type { ApiServer } from './apiServer.ts';

const SEED = 20_261_121;
const MANIFESTS = 500;
const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';
const signal = AbortSignal.timeout(BUILD_MS_MAX);

const missing = await whatIsMissing();
if (missing !== null) {
  process.stderr.write(
    `${missing} What a real API server makes of ResourceQuotas is not checked.\n`,
  );
}

let server: ApiServer;
let isReachable = true;

const accessFor = (application: string): TargetAccess => ({
  ...noAccess,
  application,
  secret: (name) => Promise.resolve(name === 'cluster-ca' ? server.ca : server.token),
  request: (request) =>
    isReachable ? guardedRequest(request) : Promise.reject(new Error('connect ECONNREFUSED')),
});

async function made(place: string, object: object): Promise<void> {
  const { status, body } = await server.ask('POST', place, object);
  if (status !== 201 && status !== 409) throw new Error(JSON.stringify(body));
}

const namespaceNamed = (name: string): Promise<void> =>
  made('api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });

/** Everything of ours in the cluster. */
async function quotas(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { body } = await server.ask(
    'GET',
    `api/v1/resourcequotas?labelSelector=${MANAGED_BY_LABEL}=${MANAGED_BY}`,
  );
  return body['items'] as readonly Readonly<Record<string, unknown>>[];
}

async function emptied(): Promise<void> {
  for (const quota of await quotas()) {
    const { namespace, name } = quota['metadata'] as Record<string, string>;
    await server.ask('DELETE', `api/v1/namespaces/${namespace}/resourcequotas/${name}`);
  }
}

async function open(): Promise<TargetUnderTest> {
  await Promise.all(['prod', 'prod-ads'].map(namespaceNamed));
  await emptied();
  let writes = 0;
  return {
    place() {
      const dispatcher = dispatcherTo(server.url, { caRef: 'cluster-ca' });
      const place = kubernetesDispatcher.place(dispatcher, accessFor('moka'));
      return {
        read: (abort) => place.read(abort),
        async write(text, former, abort) {
          await place.write(text, former, abort);
          writes++;
        },
      };
    },
    holds: async () => textInForce(await quotas()),
    writes: () => writes,
    async changeIt() {
      const place = 'api/v1/namespaces/prod/resourcequotas/prorata.moka.prod';
      await server.ask(
        'PATCH',
        place,
        { spec: { hard: { 'requests.nvidia.com/gpu': '1k', pods: '3' } } },
        MERGE,
      );
    },
    setReachable: (value) => void (isReachable = value),
    async close() {
      isReachable = true;
      await emptied();
    },
  };
}

const mostly = (often: fc.Arbitrary<string>, seldom: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 9, arbitrary: often }, { weight: 1, arbitrary: seldom });

describe.runIf(missing === null)('a real API server', () => {
  beforeAll(async () => {
    server = await startApiServer();
  }, BUILD_MS_MAX);
  afterAll(() => server.stop());

  const dispatcher = dispatcherTo('https://127.0.0.1');
  dispatcherContract('Kubernetes itself', {
    dispatcher,
    format: inNamespaces(kubernetesDispatcher.format(dispatcher, 'moka')),
    resources,
    limits: (amount) => [
      capacity('cpu', amount),
      capacity('memory', amount),
      capacity('gpu', amount),
      concurrency('jobs', amount),
    ],
    open,
    secrets: [],
  });

  async function brought({ settings, set }: Acceptance): Promise<string> {
    const all: Partial<KubernetesSettings> = { ...settings, caRef: 'cluster-ca' };
    const to = dispatcherTo(server.url, all);
    const text = textFor(kubernetesDispatcher.format(to, set.application), set);
    if (text.kind === 'refused') throw new Error(text.reasons.join(' '));
    const place = kubernetesDispatcher.place(to, accessFor(set.application));
    await place.write(text.text, { checksum: null, text: null }, signal);
    expect((await place.read(signal)).text).toBe(text.text);
    await counted();
    return text.text;
  }

  /** What the controller does where there is one: without a status a quota is not held. */
  async function counted(): Promise<void> {
    for (const quota of await quotas()) {
      const { namespace, name } = quota['metadata'] as Record<string, string>;
      const { hard = {} } = quota['spec'] as { hard?: Record<string, string> };
      const used = Object.fromEntries(Object.keys(hard).map((key) => [key, '0']));
      const place = `api/v1/namespaces/${namespace}/resourcequotas/${name}/status`;
      const { status } = await server.ask('PATCH', place, { status: { hard, used } }, MERGE);
      expect(status).toBe(200);
    }
    // The server's own view of quotas follows what is stored.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }

  const pod = async (
    namespace: string,
    name: string,
    requests: object,
    priorityClassName?: string,
  ) => {
    const container = { name: 'job', image: 'job', resources: { requests, limits: requests } };
    const { status, body } = await server.ask('POST', `api/v1/namespaces/${namespace}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        containers: [container],
        ...(priorityClassName === undefined ? {} : { priorityClassName }),
      },
    });
    const { message } = body;
    return { status, message: typeof message === 'string' ? message : '' };
  };

  it('holds training jobs to the GPUs of their tier, and lets the others go on', async () => {
    await namespaceNamed('ml-training');
    for (const [index, name] of ['flagship', 'batch', 'preemptible'].entries()) {
      await made('apis/scheduling.k8s.io/v1/priorityclasses', {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name },
        value: 1_000 - index,
      });
    }
    await brought(training);
    const job = (name: string, gpus: number, tier: string) =>
      pod('ml-training', name, { cpu: '1', 'nvidia.com/gpu': String(gpus) }, tier);
    expect(await job('explore-1', 6, 'batch')).toMatchObject({ status: 201 });
    const over = await job('explore-2', 4, 'preemptible');
    expect(over.status).toBe(403);
    expect(over.message).toContain('exceeded quota: prorata.training.research.exploration');
    expect(over.message).toContain('requests.nvidia.com/gpu=4');
    expect(await job('explore-3', 2, 'preemptible')).toMatchObject({ status: 201 });
    expect(await job('flagship-1', 40, 'flagship')).toMatchObject({ status: 201 });
    expect(await job('flagship-2', 17, 'flagship')).toMatchObject({ status: 403 });
    await emptied();
  });

  it('holds the namespaces of a compute platform to their cores', async () => {
    await Promise.all(['ads-prod', 'search-prod'].map(namespaceNamed));
    await brought(pincompute);
    const requests = { cpu: '1', memory: '1Gi' };
    expect(await pod('ads-prod', 'one', requests)).toMatchObject({ status: 201 });
    expect(await pod('ads-prod', 'two', requests)).toMatchObject({ status: 403 });
    expect(await pod('search-prod', 'one', requests)).toMatchObject({ status: 201 });
    expect(await pod('search-prod', 'two', requests)).toMatchObject({ status: 201 });
    await emptied();
  });

  it('loses what is ours and gone, keeps what is not ours, and lets go of what is only counted', async () => {
    await Promise.all(['ads-prod', 'search-prod'].map(namespaceNamed));
    const { settings, set } = pincompute;
    await brought(pincompute);
    await made('api/v1/namespaces/ads-prod/resourcequotas', {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'by-hand', labels: { [MANAGED_BY_LABEL]: MANAGED_BY } },
      spec: { hard: { secrets: '5' } },
    });
    const [, , search] = set.quotas;
    if (search === undefined) throw new Error('There is no quota of search.');
    const rule = { ...search.rule, mode: 'shadow' as const };
    await brought({ settings, set: { ...set, quotas: [{ ...search, rule }] } });
    const left = (await quotas()).map(({ metadata, spec }) => [
      (metadata as Record<string, string>)['name'],
      (spec as Record<string, unknown>)['hard'] ?? {},
    ]);
    expect(left).toEqual([
      ['by-hand', { secrets: '5' }],
      ['prorata.pincompute.prod.search', {}],
    ]);
    await emptied();
  });

  it('takes every manifest that our check takes', async () => {
    await namespaceNamed('prod');
    const keys = fc.constantFrom(
      'requests.cpu',
      'limits.cpu',
      'requests.memory',
      'limits.memory',
      'requests.ephemeral-storage',
      'requests.storage',
      'gold.storageclass.storage.k8s.io/requests.storage',
      'gold.storageclass.storage.k8s.io/persistentvolumeclaims',
      'requests.nvidia.com/gpu',
      'limits.nvidia.com/gpu',
      'nvidia.com/gpu',
      'count/jobs.batch',
      'count/pods',
      'pods',
      'services.nodeports',
      'nonsense',
    );
    const quantities = mostly(
      fc.oneof(fc.bigInt(0n, 2n ** 63n - 1n), fc.bigInt(0n, 5_000n)).map(String),
      fc.constantFrom('1500m', '2G', '1.5', '-1', '1e3', 'two', ''),
    );
    const names = fc.constantFrom('Upper', 'a..b', '-a', 'a'.repeat(254));
    const manifests = fc
      .record({
        name: mostly(fc.constant('prorata.moka.prod'), names),
        hard: fc.dictionary(keys, quantities, { maxKeys: 3 }),
        classes: fc.option(fc.constantFrom(['high'], ['high', 'low'], []), { nil: null }),
      })
      .map(({ name, hard, classes }): ResourceQuotaManifest => {
        const values = classes ?? [];
        const requirement = { scopeName: 'PriorityClass', operator: 'In', values } as const;
        return {
          apiVersion: 'v1',
          kind: 'ResourceQuota',
          metadata: { name, namespace: 'prod', labels: {}, annotations: {} },
          spec: {
            hard,
            ...(classes === null ? {} : { scopeSelector: { matchExpressions: [requirement] } }),
          },
        };
      });
    const counts = { both: 0, neither: 0, oursAlone: 0 };
    for (const manifest of fc.sample(manifests, { numRuns: MANIFESTS, seed: SEED })) {
      const problems = manifestProblems(manifestsText([manifest]));
      const place = `api/v1/namespaces/prod/resourcequotas/${manifest.metadata.name}`;
      const query = 'fieldManager=test&force=true&fieldValidation=Strict&dryRun=All';
      const { status, body } = await server.ask('PATCH', `${place}?${query}`, manifest, APPLY);
      const isTaken = status === 200 || status === 201;
      if (problems.length === 0) {
        const said = JSON.stringify([manifest.metadata.name, manifest.spec, body['message']]);
        expect(isTaken, said).toBe(true);
      }
      counts[problems.length === 0 ? 'both' : isTaken ? 'oursAlone' : 'neither']++;
    }
    process.stdout.write(`${JSON.stringify(counts)}\n`);
    expect(Math.min(counts.both, counts.neither, counts.oursAlone)).toBeGreaterThan(0);
  });
});
