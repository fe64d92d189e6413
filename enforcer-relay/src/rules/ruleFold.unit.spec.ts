import type { EventMessage, Rule } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { EventScript } from '../../test/eventScript.ts';
import { RuleFold } from './ruleFold.ts';

function folded(events: readonly EventMessage[]): RuleFold {
  const fold = new RuleFold();
  for (const [offset, event] of events.entries()) fold.apply(event, BigInt(offset));
  return fold;
}

/** The topic after the changes: what compaction would leave. */
function written(fold: RuleFold, before: ReadonlyMap<string, Rule> = new Map()): Map<string, Rule> {
  const rules = new Map(before);
  for (const { quotaId, rule } of fold.takeChanges()) {
    if (rule === null) rules.delete(quotaId);
    else rules.set(quotaId, rule);
  }
  return rules;
}

const brief = (fold: RuleFold) =>
  fold.takeChanges().map(({ quotaId, rule, eventOffset }) => ({
    quotaId,
    amount: rule?.limits[0]?.amount ?? null,
    eventOffset,
    ruleOffset: rule?.eventOffset ?? null,
  }));

describe('the fold of events to rules', () => {
  it('names the event that led to each rule, children of a changed parent included', () => {
    const script = new EventScript('moka');
    const fold = folded([
      script.register(),
      script.create('prod', 100n),
      script.create('prod/a', 80n),
    ]);
    expect(brief(fold)).toEqual([
      { quotaId: 'moka/prod', amount: 100n, eventOffset: 1n, ruleOffset: 1n },
      { quotaId: 'moka/prod/a', amount: 80n, eventOffset: 2n, ruleOffset: 2n },
    ]);
    fold.apply(script.change('prod', 50n), 7n);
    expect(brief(fold)).toEqual([
      { quotaId: 'moka/prod', amount: 50n, eventOffset: 7n, ruleOffset: 7n },
      { quotaId: 'moka/prod/a', amount: 50n, eventOffset: 7n, ruleOffset: 7n },
    ]);
  });

  it('sends of a large tree what a change at its root altered, and no more', () => {
    const script = new EventScript('moka');
    const all = Array.from({ length: 20_000 }, (_, index) => index);
    // One in a hundred had more than the root will have.
    const amountOf = (index: number) => (index % 100 === 0 ? 900n : 400n);
    const fold = folded([
      script.register(),
      script.create('prod', 1_000n),
      ...all.map((index) => script.create(`prod/q${index}`, amountOf(index))),
    ]);
    expect(fold.takeChanges()).toHaveLength(20_001);
    fold.apply(script.change('prod', 500n), 90_000n);
    const sent = brief(fold);
    expect(sent).toHaveLength(201);
    expect(new Set(sent.map(({ amount }) => amount))).toEqual(new Set([500n]));
    fold.apply(script.change('prod', 450n), 90_001n);
    expect(brief(fold)).toHaveLength(201);
    fold.apply(script.change('prod', 2_000n), 90_002n);
    expect(brief(fold)).toHaveLength(201);
    fold.apply(script.change('prod', 3_000n), 90_003n);
    expect(brief(fold)).toHaveLength(1);
  });

  it('leaves a child alone whose limit is not touched, and removes what is deleted', () => {
    const script = new EventScript('moka');
    const fold = folded([
      script.register(),
      script.create('prod', 100n),
      script.create('prod/a', 10n),
    ]);
    fold.takeChanges();
    fold.apply(script.change('prod', 50n), 3n);
    expect(brief(fold).map(({ quotaId }) => quotaId)).toEqual(['moka/prod']);
    fold.apply(script.delete('prod/a'), 4n);
    expect(brief(fold)).toEqual([
      { quotaId: 'moka/prod/a', amount: null, eventOffset: 4n, ruleOffset: null },
    ]);
  });

  it('takes the rules of a quota that moves, and of all below it, from the old paths to the new', () => {
    const script = new EventScript('moka');
    const fold = folded([
      script.register(),
      script.create('prod', 100n),
      script.create('prod/a', 80n),
      script.create('prod/a/x', 10n),
      script.create('dev', 50n),
    ]);
    const before = written(fold);
    fold.apply(script.make('QuotaMoved', 'prod/a', { toQuotaId: 'moka/dev/b' }), 5n);
    const after = written(fold, before);
    const amounts = [...after].map(([id, { limits }]) => [id, limits[0]?.amount]);
    expect(amounts.sort()).toEqual([
      ['moka/dev', 50n],
      ['moka/dev/b', 50n],
      ['moka/dev/b/x', 10n],
      ['moka/prod', 100n],
    ]);
    expect(after.get('moka/dev/b')).toMatchObject({ quotaVersion: 2n, eventOffset: 5n });
  });

  it('makes all rules anew for other defaults, one at a time, and none for the same', () => {
    const script = new EventScript('moka');
    const names = Array.from({ length: 50 }, (_, index) => `q${index}`);
    const fold = folded([script.register(), ...names.map((name) => script.create(name, 1n))]);
    fold.takeChanges();
    const steps = (event: EventMessage, offset: bigint) => [...fold.applying(event, offset)].length;
    expect(steps(script.register('enforce'), 60n)).toBe(0);
    expect(fold.takeChanges()).toEqual([]);
    expect(steps(script.register('shadow'), 61n)).toBe(names.length);
    expect(fold.takeChanges().map(({ rule }) => [rule?.mode, rule?.eventOffset])).toEqual(
      names.map(() => ['shadow', 61n]),
    );
  });

  it('carries what holds after an override', () => {
    const script = new EventScript('moka');
    const until = 1_900_000_000_000_000n;
    const fold = folded([
      script.register(),
      script.create('prod', 100n),
      script.override('prod', 500n, until),
    ]);
    const rule = fold.rulesOf('moka').get('moka/prod');
    expect(rule?.limits[0]?.amount).toBe(500n);
    expect(rule?.after).toMatchObject({ at: until, limits: [{ amount: 100n }] });
  });

  it('finds nothing to write after a replay of what was written, at any point before', () => {
    const script = new EventScript('moka');
    const events = [
      script.register(),
      script.create('prod', 100n),
      script.create('prod/a', 80n),
      script.change('prod', 50n),
      script.change('prod', 100n),
      script.delete('prod/a'),
      script.create('prod/b', 1n),
    ];
    const complete = written(folded(events));
    for (let crash = 0; crash <= events.length; crash++) {
      const topic = written(folded(events.slice(0, crash)));
      const successor = folded(events);
      successor.compare('moka', { rules: topic, complete: null }, BigInt(events.length));
      expect(written(successor, topic)).toEqual(complete);
    }
    const again = folded(events);
    const [said] = folded(events).takeComplete();
    expect(said).toEqual({ application: 'moka', rules: 2, eventOffset: 6n });
    again.compare('moka', { rules: complete, complete: said! }, BigInt(events.length));
    expect([again.takeChanges(), again.takeComplete()]).toEqual([[], []]);
    again.compare('moka', { rules: complete, complete: null }, BigInt(events.length));
    expect([again.takeChanges(), again.takeComplete()]).toEqual([[], [said]]);
  });

  it('says what the whole set is with every change, the same live and after a replay', () => {
    const script = new EventScript('moka');
    const events = [
      script.register(),
      script.create('prod', 100n),
      script.change('prod', 100n),
      script.create('prod/a', 80n),
      script.delete('prod/a'),
    ];
    const live = new RuleFold();
    const said = events.map((event, offset) => {
      live.apply(event, BigInt(offset));
      return live.takeComplete().map(({ rules, eventOffset }) => [rules, Number(eventOffset)]);
    });
    expect(said).toEqual([[[0, 0]], [[1, 1]], [[1, 2]], [[2, 3]], [[1, 4]]]);
    expect(folded(events).takeComplete()).toMatchObject([{ rules: 1, eventOffset: 4n }]);
  });

  it('writes what a topic lacks in the order of the events', () => {
    const script = new EventScript('moka');
    const events = [script.register(), script.create('a', 1n), script.create('b', 1n)];
    const fold = folded([...events, script.change('a', 2n)]);
    const topic = written(folded(events));
    topic.delete('moka/b');
    fold.compare('moka', { rules: topic, complete: null }, 4n);
    expect(brief(fold).map(({ eventOffset }) => eventOffset)).toEqual([2n, 3n]);
  });

  it('removes from the topic what no event speaks of', () => {
    const script = new EventScript('moka');
    const fold = folded([script.register(), script.create('prod', 100n)]);
    const topic = written(fold);
    const stray = { ...topic.get('moka/prod')!, quotaId: 'moka/stray' };
    const rules = new Map([...topic, ['moka/stray', stray]]);
    fold.compare('moka', { rules, complete: null }, 2n);
    expect(brief(fold)).toEqual([
      { quotaId: 'moka/stray', amount: null, eventOffset: 1n, ruleOffset: null },
    ]);
  });
});
