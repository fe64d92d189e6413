import { describe, expect, it } from 'vitest';
import { TargetRefused, TargetUnreachable } from '../dispatcher.ts';
import { capacity, dispatchedSet } from '../testing/dispatchedSets.ts';
import { textFor } from '../textFor.ts';
import { kubernetesDispatcher } from './kubernetesDispatcher.ts';
import { accessTo, dispatcherTo, resources, TOKEN } from './testing/clusterSample.ts';
import { clusterDouble } from './testing/clusterDouble.ts';
import type { ClusterDouble } from './testing/clusterDouble.ts';

const signal = AbortSignal.timeout(60_000);
const dispatcher = dispatcherTo('https://cluster.example.test/k8s');
const nothing = { checksum: null, text: null };

function textOf(gpus: Readonly<Record<string, bigint>>): string {
  const quotas = Object.entries(gpus).map(
    ([namespace, gpu]) =>
      [`moka/${namespace}`, { limits: [capacity('gpu', gpu)], attributes: { namespace } }] as const,
  );
  const format = kubernetesDispatcher.format(dispatcher, 'moka');
  const made = textFor(format, dispatchedSet('moka', resources, Object.fromEntries(quotas)));
  if (made.kind === 'refused') throw new Error(made.reasons.join(' '));
  return made.text;
}

const placeOn = (double: ClusterDouble) =>
  kubernetesDispatcher.place(
    dispatcher,
    accessTo({
      request: (request) => {
        expect(request.url.pathname).toMatch(/^\/k8s\//);
        const url = new URL(request.url);
        url.pathname = url.pathname.replace(/^\/k8s/, '');
        return double.request({ ...request, url });
      },
    }),
  );

const write = (double: ClusterDouble, text: string): Promise<void> =>
  placeOn(double).write(text, nothing, signal);

const gpusIn = (double: ClusterDouble): Record<string, string | undefined> =>
  Object.fromEntries(
    [...double.quotas].map(([key, { hard }]) => [key, hard['requests.nvidia.com/gpu']]),
  );

describe('Kubernetes', () => {
  it('is sent what differs alone, below the path of its address', async () => {
    const double = clusterDouble(TOKEN, ['a', 'b', 'c']);
    await write(double, textOf({ a: 1n, b: 2n, c: 3n }));
    double.asked.length = 0;
    await write(double, textOf({ a: 1n, b: 5n, c: 3n }));
    expect(double.asked.filter((asked) => !asked.startsWith('GET'))).toEqual([
      'PATCH /api/v1/namespaces/b/resourcequotas/prorata.moka.b',
    ]);
    expect((await placeOn(double).read(signal)).text).toBe(textOf({ a: 1n, b: 5n, c: 3n }));
  });

  it('loses what is ours and gone, and nothing that is not ours', async () => {
    const double = clusterDouble(TOKEN, ['a', 'b', 'c']);
    await write(double, textOf({ a: 1n, b: 2n, c: 3n }));
    const theirs = structuredClone(double.quotas.get('a/prorata.moka.a'));
    if (theirs === undefined) throw new Error('It was not made.');
    double.quotas.set('a/by-hand', { ...theirs, labels: {} });
    const other = { ...theirs.labels, 'prorata.io/application': 'mokas' };
    double.quotas.set('a/prorata.mokas.a', { ...theirs, labels: other });
    await write(double, textOf({ b: 2n }));
    expect([...double.quotas.keys()]).toEqual([
      'b/prorata.moka.b',
      'a/by-hand',
      'a/prorata.mokas.a',
    ]);
  });

  it('takes back what somebody raised, and a bound that somebody added', async () => {
    const double = clusterDouble(TOKEN, ['a']);
    const text = textOf({ a: 4n });
    await write(double, text);
    const quota = double.quotas.get('a/prorata.moka.a');
    if (quota === undefined) throw new Error('It was not made.');
    quota.hard['requests.nvidia.com/gpu'] = '4k';
    quota.hard['pods'] = '1';
    expect((await placeOn(double).read(signal)).text).toContain('"pods": "1"');
    await write(double, text);
    expect(quota.hard).toEqual({ 'requests.nvidia.com/gpu': '4' });
    expect((await placeOn(double).read(signal)).text).toBe(text);
  });

  it('knows a number in whatever form it is written', async () => {
    const double = clusterDouble(TOKEN, ['a']);
    await write(double, textOf({ a: 4_000n }));
    expect(gpusIn(double)).toEqual({ 'a/prorata.moka.a': '4k' });
    double.asked.length = 0;
    await write(double, textOf({ a: 4_000n }));
    expect(double.asked.every((asked) => asked.startsWith('GET'))).toBe(true);
  });

  it('does what it can where a namespace is not there, and names that', async () => {
    const double = clusterDouble(TOKEN, ['a', 'c']);
    const writing = write(double, textOf({ a: 1n, b: 2n, c: 3n }));
    await expect(writing).rejects.toThrow(TargetRefused);
    await expect(writing).rejects.toThrow('namespaces "b" not found');
    expect(gpusIn(double)).toEqual({ 'a/prorata.moka.a': '1', 'c/prorata.moka.c': '3' });
  });

  it('removes nothing that somebody changed since it was looked at', async () => {
    const double = clusterDouble(TOKEN, ['a', 'b']);
    await write(double, textOf({ a: 1n, b: 2n }));
    const meddled: ClusterDouble = {
      ...double,
      request(request) {
        const quota = double.quotas.get('b/prorata.moka.b');
        if (request.method === 'DELETE' && quota !== undefined) quota.resourceVersion = 99;
        return double.request(request);
      },
    };
    await expect(write(meddled, textOf({ a: 1n }))).rejects.toThrow(TargetUnreachable);
    expect([...double.quotas.keys()]).toContain('b/prorata.moka.b');
  });

  it.each([
    [401, TargetRefused],
    [403, TargetRefused],
    [422, TargetRefused],
    [429, TargetUnreachable],
    [500, TargetUnreachable],
    [503, TargetUnreachable],
  ])('says %i as what it is', async (status, kind) => {
    const double = clusterDouble(TOKEN, ['a']);
    double.failNext = { status, message: 'its reason' };
    const reading = placeOn(double).read(signal);
    await expect(reading).rejects.toThrow(kind);
    await expect(reading).rejects.toThrow('its reason');
  });

  it.each([`bearer ${TOKEN}`, TOKEN])(
    'takes a secret with the word before the token or without',
    async (secret) => {
      const double = clusterDouble(TOKEN, []);
      const access = { ...accessTo(double), secret: () => Promise.resolve(secret) };
      const to = dispatcherTo('https://cluster.example.test');
      expect(await kubernetesDispatcher.place(to, access).read(signal)).toEqual(nothing);
    },
  );

  it('sends nothing where the secret is no token, and does not say what it is', async () => {
    const double = clusterDouble(TOKEN, []);
    const secret = 'two words\nand a line';
    const access = { ...accessTo(double), secret: () => Promise.resolve(secret) };
    const to = dispatcherTo('https://cluster.example.test');
    const reading = kubernetesDispatcher.place(to, access).read(signal);
    await expect(reading).rejects.toThrow('The secret is no token.');
    expect(double.asked).toEqual([]);
  });

  it('is nothing where nothing of ours is', async () => {
    expect(await placeOn(clusterDouble(TOKEN, [])).read(signal)).toEqual(nothing);
  });
});
