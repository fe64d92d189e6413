import {
  bounds,
  content,
  evidence,
  noChange,
  noTerms,
  registration,
  requestTerms,
  rightsizer,
  sessions,
  START,
  TestStream,
  tokens,
} from '@prorata/quota-model/testing';
import { describe, expect, it } from 'vitest';
import { productionPolicy } from '../policy.ts';
import { LogView } from '../view/logView.ts';
import { seriesOf } from './seriesOf.ts';

describe('the series of a quota', () => {
  it("have the application's bounds where the quota has none of its own", () => {
    const stream = new TestStream('application:moka');
    const rightsizing = [{ resource: 'tokens', min: 10n, max: 90n, workload: null, pinned: false }];
    const data = { ...registration, ...noTerms, rightsizing };
    stream.send({ type: 'RegisterApplication', data }, { roles: ['admin'] });
    const own = {
      rightsizing: [{ resource: 'tokens', min: 1n, max: 9n, workload: null, pinned: false }],
    };
    const quotas = { 'moka/default-bounds': {}, 'moka/own': own };
    for (const [quotaId, more] of Object.entries(quotas)) {
      const body = { quotaId, content: content([tokens(5n)], more) };
      stream.send({ type: 'CreateQuota', data: body }, { roles: ['admin'] });
    }
    const view = new LogView();
    for (const event of stream.events) view.fold(event);
    const state = view.application('moka');
    const series = state === null ? [] : seriesOf(view, state, productionPolicy.rightsizer, START);
    const bounds = Object.fromEntries(series.map((each) => [each.quotaId, each.bounds]));
    expect(bounds).toMatchObject({
      'moka/default-bounds': { min: 10n, max: 90n },
      'moka/own': { min: 1n, max: 9n },
    });
  });

  it('say what a proposal of whole steps already changes', () => {
    const stream = new TestStream('application:moka');
    const changePolicy = { ...noTerms.changePolicy, raiseApprovalAboveBasisPoints: 2_000 };
    const data = { ...registration, ...noTerms, changePolicy };
    stream.send({ type: 'RegisterApplication', data }, { roles: ['admin'] });
    for (const quotaId of ['moka/a', 'moka/b']) {
      const body = { quotaId, content: content([tokens(5n), sessions(5n)]) };
      stream.send({ type: 'CreateQuota', data: body }, { roles: ['admin'] });
    }
    const labels = { why: 'launch' };
    const change = { ...noChange, quotaId: 'moka/a', setLimits: [tokens(50n)], labels };
    stream.send({ type: 'ChangeQuota', data: change }, { roles: ['admin'] });
    const proposed = (): unknown => {
      const view = new LogView();
      for (const event of stream.events) view.fold(event);
      const state = view.application('moka');
      const series =
        state === null ? [] : seriesOf(view, state, productionPolicy.rightsizer, START);
      expect(series).toHaveLength(4);
      const waiting = series.filter(({ isProposed }) => isProposed);
      return waiting.map(({ quotaId, resource }) => [quotaId, resource]);
    };
    expect(proposed()).toEqual([['moka/a', 'tokens']]);
    const move = { quotaId: 'moka/a', toQuotaId: 'moka/c' };
    stream.send({ type: 'MoveQuota', data: move }, { roles: ['admin'] });
    expect(proposed()).toEqual([['moka/c', 'tokens']]);
  });

  it('say that a staged resize is on its way, and when one was last rolled back', () => {
    const stream = new TestStream('application:moka');
    const stage = { selector: { percent: 10, zones: [], hosts: [] }, bakeMicros: 0n };
    const rightsizing = [bounds('tokens', { min: 1n, max: 90n })];
    const robotRollout = { stages: [stage], gate: null };
    const data = { ...registration, robotChanges: 'apply', rightsizing, robotRollout } as const;
    stream.send({ type: 'RegisterApplication', data }, { roles: ['admin'] });
    stream.send({
      type: 'CreateQuota',
      data: { quotaId: 'moka/a', content: content([tokens(5n)]) },
    });
    const robot = { actor: rightsizer, roles: ['robot'] };
    const resize = { quotaId: 'moka/a', limit: tokens(7n), evidence };
    stream.send({ type: 'ResizeQuota', data: resize }, robot);
    const found = () => {
      const view = new LogView();
      for (const event of stream.events) view.fold(event);
      const state = view.application('moka');
      return state === null ? [] : seriesOf(view, state, productionPolicy.rightsizer, START);
    };
    expect(found()).toMatchObject([{ isInRollout: true, rolledBackAt: null, limit: tokens(5n) }]);
    const rollBack = { rolloutId: 'moka-r3', evidence: null };
    stream.send({ type: 'RollBackRollout', data: rollBack }, { roles: ['admin'] });
    expect(found()).toMatchObject([{ isInRollout: false, rolledBackAt: START, limit: tokens(5n) }]);
  });

  it('say the nearest class and pin, whose demand counts, and when one above let less through', () => {
    const stream = new TestStream('application:moka');
    const data = { ...registration, rightsizing: [bounds('sessions', { workload: 'batch' })] };
    stream.send({ type: 'RegisterApplication', data }, { roles: ['admin'] });
    const open = { min: 1n, max: 90n };
    const quotas = {
      'moka/a': content([tokens(40n), sessions(9n)], {
        rightsizing: [bounds('tokens', { ...open, workload: 'guaranteed' })],
      }),
      'moka/a/x': content([tokens(20n), sessions(5n)], {
        rightsizing: [bounds('tokens', open)],
        requests: requestTerms({ scope: 'fleet' }),
      }),
      'moka/a/y': content([tokens(5n)], { rightsizing: [bounds('tokens', { pinned: true })] }),
    };
    for (const [quotaId, body] of Object.entries(quotas)) {
      const sent = { type: 'CreateQuota', data: { quotaId, content: body } } as const;
      expect(stream.send(sent, { roles: ['admin'] })).toMatchObject({ kind: 'accepted' });
    }
    const found = (quotaId: string, resource: string) => {
      const view = new LogView();
      for (const event of stream.events) view.fold(event);
      const state = view.application('moka');
      const series =
        state === null ? [] : seriesOf(view, state, productionPolicy.rightsizer, START);
      return series.find((each) => each.quotaId === quotaId && each.resource === resource);
    };
    expect(found('moka/a/x', 'tokens')).toMatchObject({
      ...{ workload: 'guaranteed', demandOf: 'fleet', isPinned: false, disturbed: [] },
    });
    expect(found('moka/a/x', 'sessions')).toMatchObject({ workload: 'batch', bounds: null });
    expect(found('moka/a/y', 'tokens')).toMatchObject({ isPinned: true, demandOf: 'host' });
    expect(found('moka/a', 'tokens')).toMatchObject({ workload: 'guaranteed' });
    const limit = (quotaId: string, amount: bigint): void => {
      const change = { ...noChange, quotaId, setLimits: [tokens(amount)] };
      stream.send({ type: 'ChangeQuota', data: change }, { roles: ['admin'] });
    };
    stream.now = START + 1_000n;
    limit('moka/a', 60n);
    stream.now = START + 2_000n;
    limit('moka/a/x', 50n);
    // It lets through 50 now; until a moment ago the one above let through 40.
    expect(found('moka/a/x', 'tokens')?.disturbed).toEqual([{ from: 0n, to: START + 1_000n }]);
    expect(found('moka/a', 'tokens')?.disturbed).toEqual([]);
  });
});
