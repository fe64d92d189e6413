import type { Rule, RuleCandidate } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { bench, permits, rate, rule } from '../../test/fixtures.ts';
import { explain } from './explanation.ts';
import { BoundHandle } from './handle.ts';
import { ALLOW, REFUSE } from './verdict.ts';

const candidateOf = (more: Partial<RuleCandidate> = {}): RuleCandidate => ({
  rolloutId: 'a-r7',
  stage: 0,
  selector: { percent: 0, zones: [], hosts: ['canary'] },
  limits: [rate(1n)],
  match: [],
  action: 'refuse',
  degradeTag: null,
  mode: 'enforce',
  onStale: 'hold',
  tier: 2,
  requests: null,
  afterLimits: [],
  ...more,
});

const rolledOut = (eventOffset: bigint, more: Partial<RuleCandidate> = {}): Rule =>
  rule('a/x', [rate(3n)], { eventOffset, candidate: candidateOf(more) });

function hostNamed(hostId: string) {
  const parts = bench('open', undefined, hostId);
  const { limiter, table, clock } = parts;
  const take = (count: number): number[] => {
    const handle = new BoundHandle(limiter, table, { quota: 'a/x' });
    return Array.from({ length: count }, () => handle.take('tokens', 1));
  };
  return { ...parts, take, put: (each: Rule) => table.put(each, clock.now) };
}

describe('a rule with a candidate', () => {
  it('holds as it is on a host that the stage does not reach, and as the candidate on one that it does', () => {
    for (const [hostId, allowed, by] of [
      ['canary', 1, 'a-r7'],
      ['other', 3, null],
    ] as const) {
      const host = hostNamed(hostId);
      host.put(rolledOut(1n));
      expect(host.take(4).filter((verdict) => verdict === ALLOW)).toHaveLength(allowed);
      expect(host.limiter.last.candidateOf).toBe(by);
      expect(host.table.rollouts).toEqual([
        { rolloutId: 'a-r7', stage: 0, isCandidate: hostId === 'canary' },
      ]);
      expect(explain(host.table, { quota: 'a/x' }, 0).limits).toMatchObject([{ candidateOf: by }]);
    }
  });

  it('keeps what the bucket holds when a stage reaches the host, and when the rollout is over', () => {
    const host = hostNamed('other');
    host.put(rolledOut(1n));
    expect(host.take(3)).toEqual([ALLOW, ALLOW, ALLOW]);
    host.put(rolledOut(2n, { stage: 1, selector: { percent: 100, zones: [], hosts: [] } }));
    expect(host.take(1)).toEqual([REFUSE]);
    expect(host.table.rollouts).toMatchObject([{ stage: 1, isCandidate: true }]);
    host.put(rule('a/x', [rate(3n)], { eventOffset: 3n }));
    expect(host.take(1)).toEqual([REFUSE]);
    expect(host.table.rollouts).toEqual([]);
  });

  it('is kept on disk as it was delivered, since the next start may be of another host', () => {
    const host = hostNamed('canary');
    host.put(rolledOut(1n));
    expect(host.table.all()).toMatchObject([
      { limits: [rate(3n)], candidate: { limits: [rate(1n)] } },
    ]);
    expect(host.table.ruleOf('a/x')).toMatchObject({ limits: [rate(1n)] });
  });

  it('is found by the match of the candidate, where it holds', () => {
    const match = [{ attribute: 'caller', operator: 'in', values: ['web'] }] as const;
    for (const [hostId, found] of [
      ['canary', 'a/x'],
      ['other', null],
    ] as const) {
      const host = hostNamed(hostId);
      host.put(rolledOut(1n, { match }));
      expect(host.table.match({ caller: 'web' })).toBe(found);
    }
  });

  it('is at the stage that all rules of the rollout have reached', () => {
    const host = hostNamed('canary');
    host.put(rolledOut(1n));
    host.put({ ...rolledOut(1n), quotaId: 'a/y', limits: [permits(1n)] });
    host.put(rolledOut(2n, { stage: 1 }));
    expect(host.table.rollouts).toMatchObject([{ stage: 0 }]);
    host.put({ ...rolledOut(2n, { stage: 1 }), quotaId: 'a/y' });
    expect(host.table.rollouts).toMatchObject([{ stage: 1 }]);
    host.table.remove('a/x', 9n, host.clock.now);
    host.table.remove('a/y', 9n, host.clock.now);
    expect(host.table.rollouts).toEqual([]);
  });
});
