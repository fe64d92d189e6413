import { describe, expect, it } from 'vitest';
import type { EffectiveJson, LayerJson } from '../rows/effectiveJson.ts';
import type { LimitJson } from '../rows/jsonForms.ts';
import { sentenceFor } from './sentence.ts';

const tokens = (amount: number | string): LimitJson => ({
  resource: 'tokens',
  rate: { amount, per: '1s' },
});

function layerOf(layer: LayerJson['layer'], limit: LimitJson, more: Partial<LayerJson> = {}) {
  return {
    layer,
    limit,
    actor: { kind: 'user', issuer: 'https://id', subject: 'alice' },
    reason: 'launch',
    commandId: 'c1',
    at: '2026-03-02T10:04:30.000Z',
    streamVersion: '7',
    evidence: null,
    until: null,
    suspension: false,
    haircut: null,
    ancestor: null,
    approved: null,
    ...more,
  } satisfies LayerJson;
}

function sentence(layers: readonly LayerJson[], boundBy = 'llm/chat'): string {
  const effective: EffectiveJson = {
    resource: 'tokens',
    limit: layers.at(-1)!.limit,
    boundBy,
    layers,
  };
  return sentenceFor(effective, { quotaId: 'llm/chat', tier: 2, unit: 'token' });
}

const base = layerOf('base', tokens(53_334));
const cut = layerOf('haircut', tokens(40_000), {
  actor: { kind: 'robot', issuer: 'https://id', subject: 'throttle' },
  haircut: {
    budgetId: 'daily',
    project: 'acme/assistant',
    cutBasisPoints: 2_500,
    floorBasisPoints: 1_000,
    windowStart: '2026-03-02T00:00:00.000Z',
    windowEnd: '2026-03-03T00:00:00.000Z',
    spend: '112',
    budget: '100',
    currency: 'USD',
    overrunBasisPoints: 1_250,
    tierPolicy: 'standard',
    tierPolicyVersion: '1',
  },
});

describe('why a limit is in force', () => {
  it('names who declared it', () => {
    expect(sentence([base])).toBe(
      'limited to 53,334 tokens/s, as declared on 2026-03-02 10:04:30 UTC by user:alice: “launch”.',
    );
  });

  it('names who wanted an approved change and who agreed to it', () => {
    const approved = {
      proposalId: 'llm-p7',
      actor: { kind: 'user', issuer: 'https://id', subject: 'bob' },
      reason: 'growth',
      proposedAt: '2026-03-01T10:04:30.000Z',
    };
    expect(sentence([{ ...base, approved }])).toContain(
      'as declared on 2026-03-02 10:04:30 UTC by user:bob: “growth”, approved by user:alice: “launch”.',
    );
  });

  it('names the money behind a cut, its tier, its end and what lies under it', () => {
    expect(sentence([base, cut])).toBe(
      'limited to 40,000 tokens/s because project acme/assistant is at 112.5 % of its budget daily ' +
        '(112 of 100 USD spent; tier 2 cut of 25 %, since 2026-03-02 10:04:30, lifts on ' +
        '2026-03-03 00:00 UTC or when the budget is raised); without that it would be 53,334 tokens/s.',
    );
  });

  it('passes over a cut that took nothing', () => {
    expect(sentence([base, { ...cut, limit: base.limit }])).toContain('as declared');
  });

  it('names an override and its end, also where it changes nothing', () => {
    const override = layerOf('override', base.limit, { until: '2026-03-02T12:00:00.000Z' });
    expect(sentence([base, override])).toBe(
      'limited to 53,334 tokens/s because of an override that ends on 2026-03-02 12:00, ' +
        'set on 2026-03-02 10:04:30 UTC by user:alice: “launch”.',
    );
  });

  it('calls a suspension by its name', () => {
    const until = '2026-03-02T12:00:00.000Z';
    const suspension = layerOf('override', tokens('blocked'), { until, suspension: true });
    expect(sentence([base, suspension])).toContain('because of a suspension that ends on');
  });

  it('names the evidence of a resize', () => {
    const evidence = {
      policy: 'p99@1',
      source: 'usage@7',
      windowStart: '',
      windowEnd: '',
      figures: {},
      inputsHash: '',
    };
    const resized = layerOf('rightsized', tokens('9223372036854775807'), { evidence });
    expect(sentence([base, resized])).toContain(
      'limited to 9,223,372,036,854,775,807 tokens/s because it was resized on ' +
        '2026-03-02 10:04:30 UTC by user:alice: “launch” (p99@1, from usage@7)',
    );
  });

  it('names the ancestor that binds', () => {
    const ancestor = layerOf('ancestor', tokens(1), { ancestor: 'llm' });
    expect(sentence([base, ancestor], 'llm')).toBe(
      'limited to 1 token/s because it lies under llm (set on 2026-03-02 10:04:30 UTC by user:alice: ' +
        '“launch”); without that it would be 53,334 tokens/s.',
    );
  });

  it('names what holds above: a cut, an override or a suspension there, and its end', () => {
    const above = (more: Partial<LayerJson>): string =>
      sentence([base, layerOf('ancestor', tokens(1), { ancestor: 'llm', ...more })], 'llm');
    expect(above({ haircut: cut.haircut })).toContain(
      'because it lies under llm, where project acme/assistant is at 112.5 % of its budget daily ' +
        '(112 of 100 USD spent; cut of 25 %, since',
    );
    const until = '2026-03-02T12:00:00.000Z';
    const ends = 'that ends on 2026-03-02 12:00, set on 2026-03-02 10:04:30 UTC by user:alice';
    expect(above({ until })).toContain(`lies under llm, and there under an override ${ends}`);
    expect(above({ until, suspension: true })).toContain(`there under a suspension ${ends}`);
  });

  it.each<[string, LimitJson, string]>([
    ['a rate', { resource: 'r', rate: { amount: 'blocked' } }, 'blocked, as declared'],
    ['a rate', { resource: 'r', rate: { amount: 'unlimited' } }, 'not limited, as declared'],
    ['slots', { resource: 'r', concurrency: { max: 'blocked' } }, 'blocked, as declared'],
    ['capacity', { resource: 'r', capacity: { max: 'unlimited' } }, 'not limited, as declared'],
    ['an allowance', { resource: 'r', consumable: { amount: 'blocked' } }, 'blocked, as declared'],
  ])('says blocked and not limited of %s, which have no number', (_, limit, words) => {
    expect(sentence([layerOf('base', limit)])).toContain(words);
    const suspension = layerOf('override', limit, { suspension: true });
    expect(sentence([base, suspension])).toMatch(/because of a suspension.*53,334 tokens\/s\.$/);
  });

  it.each<[LimitJson, string]>([
    [{ resource: 'r', rate: { amount: 5, per: '1m' } }, '5 tokens/min'],
    [{ resource: 'r', rate: { amount: 5, per: '90s' } }, '5 tokens per 90 s'],
    [{ resource: 'r', rate: { amount: 5, per: '1d' } }, '5 tokens/day'],
    [{ resource: 'r', consumable: { amount: 5, window: 'P1D' } }, '5 tokens a day'],
    [{ resource: 'r', consumable: { amount: 5, window: 'P3D' } }, '5 tokens per P3D'],
    [{ resource: 'r', concurrency: { max: 5 } }, '5 tokens at once'],
  ])('says a time as a person would: %j', (limit, words) => {
    expect(sentence([layerOf('base', limit)])).toContain(`limited to ${words}, as declared`);
  });
});
