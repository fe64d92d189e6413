import { describe, it } from 'vitest';
import { given } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  content,
  created,
  noChange,
  registered,
  requestTerms,
  sessions,
  tokens,
} from '../testing/samples.ts';
import type { CommandData } from '../testing/stamp.ts';

const declare = (quotaId: string, ...declared: Parameters<typeof content>) => ({
  type: 'DeclareQuota' as const,
  data: { quotaId, content: content(...declared) },
});
const changed = (quotaId: string, ...rest: Parameters<typeof content>): Fact => ({
  type: 'QuotaChanged',
  data: { content: content(...rest) },
  quotaId,
});

describe('DeclareQuota', () => {
  it('creates what is not there', () => {
    given(registered)
      .when(declare('moka/prod', [tokens(5n)]))
      .then(created('moka/prod', [tokens(5n)]));
  });

  it('changes what is there to what it says, the rest goes', () => {
    const past = [sessions(2n), tokens(5n)];
    given(
      registered,
      created('moka/prod', past, { action: 'degrade', degradeTag: 'slow', mode: 'shadow' }),
    )
      .when(declare('moka/prod', [tokens(7n)]))
      .then(changed('moka/prod', [tokens(7n)]));
  });

  it('said twice has nothing to do', () => {
    given(registered, created('moka/prod', [tokens(5n)]))
      .when(declare('moka/prod', [tokens(5n)]))
      .thenNothing();
  });

  it('expects what is not there at version 0, and what is there at its own', () => {
    const past = [registered, created('moka/prod', [tokens(5n)])] as const;
    given(registered)
      .when(declare('moka/prod', [tokens(5n)]), { expectedVersion: 0n })
      .then(created('moka/prod', [tokens(5n)]));
    given(registered)
      .when(declare('moka/prod', [tokens(5n)]), { expectedVersion: 3n })
      .thenRefused('VERSION_MISMATCH');
    given(...past)
      .when(declare('moka/prod', [tokens(6n)]), { expectedVersion: 0n })
      .thenRefused('VERSION_MISMATCH');
  });

  it('leaves the payer as it is', () => {
    given(registered, created('moka/prod', [tokens(5n)]))
      .when(declare('moka/prod', [tokens(5n)], { project: 'acme/other' }))
      .thenRefused('PAYER_CONFLICT');
  });

  it('names places in its own content, created or changed', () => {
    const gold = { ...tokens(1n), resource: 'gold' };
    const unknown = declare('moka/prod', [tokens(5n), gold]);
    const tier = declare('moka/prod', [tokens(5n)], { tier: 9 });
    for (const past of [[registered], [registered, created('moka/prod')]] as const) {
      given(...past)
        .when(unknown)
        .thenRefusedAt('/content/limits/1');
      given(...past)
        .when(tier)
        .thenRefusedAt('/content/tier');
    }
  });
});

describe('ChangeQuota by a patch', () => {
  const patch = (more: Partial<CommandData<'ChangeQuota'>>) => ({
    type: 'ChangeQuota' as const,
    data: { ...noChange, quotaId: 'moka/prod', ...more },
  });
  const before = { labels: { a: '1', b: '2' }, attributes: '{"x":{"y":1,"z":2},"w":[1]}' };

  it('sets and removes single labels', () => {
    given(registered, created('moka/prod', [], before))
      .when(patch({ labelsPatch: { a: null, c: '3' } }))
      .then(changed('moka/prod', [], { ...before, labels: { b: '2', c: '3' } }));
  });

  it('merges attributes as RFC 7396 says', () => {
    given(registered, created('moka/prod', [], before))
      .when(patch({ attributesPatch: '{"x":{"y":null,"v":{"u":null}},"w":[2,null]}' }))
      .then(
        changed('moka/prod', [], { ...before, attributes: '{"x":{"z":2,"v":{}},"w":[2,null]}' }),
      );
  });

  it('sets fields back, and no others than may be', () => {
    given(registered, created('moka/prod', [], { ...before, mode: 'shadow' }))
      .when(patch({ clear: ['mode'] }))
      .then(changed('moka/prod', [], before));
    const requests = requestTerms({ eachOf: 'caller' });
    given(registered, created('moka/prod', [], before))
      .when(patch({ requests }))
      .then(changed('moka/prod', [], { ...before, requests }));
    given(registered, created('moka/prod', [], { ...before, requests }))
      .when(patch({ clear: ['requests'] }))
      .then(changed('moka/prod', [], before));
    given(registered, created('moka/prod', [], before))
      .when(patch({ clear: ['owner'] }))
      .thenRefused('QUOTA_INVALID');
  });

  it('replaces all limits at once', () => {
    given(registered, created('moka/prod', [sessions(2n), tokens(5n)], before))
      .when(patch({ setLimits: [sessions(3n)], onlySetLimits: true }))
      .then(changed('moka/prod', [sessions(3n)], before));
  });
});
