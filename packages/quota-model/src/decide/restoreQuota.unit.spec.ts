import { describe, expect, it } from 'vitest';
import type { QuotaContent } from '@prorata/schemas';
import type { ApplicationState } from '../model.ts';
import { given, stateAfter } from '../testing/given.ts';
import type { Fact } from '../testing/given.ts';
import {
  content,
  created,
  haircutApplied,
  noTerms,
  registered,
  registeredAs,
  registration,
  sessions,
  tokens,
  unbounded,
} from '../testing/samples.ts';
import { ben, DAY, rightsizer, START } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';
import { VERSIONS_KEPT_MAX } from '../versions/keptVersions.ts';

const QUOTA = 'moka/prod/ads';
const first = content([tokens(40n)], { labels: { b: '2', a: '1' }, match: [] });
const second = content([sessions(5n), tokens(20n)], { tier: 3 });
const above = created('moka/prod', [sessions(10n), tokens(100n)], { owner: 'platform' });
const creation: Fact = { type: 'QuotaCreated', data: { content: first }, quotaId: QUOTA };
const changed = (now: QuotaContent): Fact => ({
  type: 'QuotaChanged',
  data: { content: now },
  quotaId: QUOTA,
});
const tree = [registered, above, creation, changed(second)] as const;
const restore = (version: bigint, brought: QuotaContent, quotaId = QUOTA): CommandBody => ({
  type: 'RestoreQuota',
  data: { quotaId, version, content: brought },
});
const restored = (fromVersion: bigint, now: QuotaContent, quotaId = QUOTA): Fact => ({
  type: 'QuotaRestored',
  data: { fromVersion, content: now },
  quotaId,
});
const memberOf = (group: string) => ({ actor: ben, roles: ['member'], groups: [group] });

describe('RestoreQuota', () => {
  it('lets what an earlier version declared hold again, as a version of its own', () => {
    given(...tree)
      .when(restore(1n, first))
      .then(restored(1n, first));
    given(...tree, restored(1n, first))
      .when(restore(2n, second))
      .then(restored(2n, second));
  });

  it('takes a version that changed no content for what held then', () => {
    given(registered, above, creation, haircutApplied(QUOTA, 1_000), changed(second))
      .when(restore(2n, first))
      .then(restored(2n, first));
  });

  it('reads the content, not its writing: order of lists, of labels, and of attributes', () => {
    const written = { ...second, attributes: '{"b":[1.0,null],"a":{"d":1,"c":2}}' };
    const read = {
      ...second,
      limits: second.limits.toReversed(),
      attributes: '{ "a": {"c": 2, "d": 1}, "b": [1, null] }',
    };
    given(registered, above, creation, changed(written), changed(first))
      .when(restore(2n, read))
      .then(restored(2n, { ...read, limits: second.limits }));
  });

  it('writes nothing when it is so already', () => {
    given(...tree)
      .when(restore(2n, second))
      .thenNothing();
    given(...tree, changed(first))
      .when(restore(1n, first))
      .thenNothing();
  });

  it('is refused when the content is not that of the version', () => {
    given(...tree)
      .when(restore(1n, { ...first, tier: 1 }))
      .thenRefused('CONTENT_MISMATCH', 'version 1', QUOTA)
      .thenRefusedAt('/content');
    given(...tree)
      .when(restore(2n, first))
      .thenRefused('CONTENT_MISMATCH');
  });

  it('is refused when the quota has no such version', () => {
    for (const version of [-1n, 0n, 3n]) {
      given(...tree)
        .when(restore(version, first))
        .thenRefused('VERSION_UNKNOWN', '1 to 2')
        .thenRefusedAt('/version');
    }
  });

  it('is refused when the version is too long ago, and says how far back it goes', () => {
    const contents = Array.from({ length: VERSIONS_KEPT_MAX }, (_, index) =>
      content([tokens(BigInt(index + 1))]),
    );
    const past = [registered, above, creation, ...contents.map(changed)] as const;
    given(...past)
      .when(restore(1n, first))
      .thenRefused('VERSION_NOT_KEPT', `last ${VERSIONS_KEPT_MAX}`, 'since version 2');
    given(...past)
      .when(restore(2n, content([tokens(1n)])))
      .then(restored(2n, content([tokens(1n)])));
  });

  it('says of a quota that is gone how it comes back', () => {
    given(...tree, { type: 'QuotaDeleted', data: {}, quotaId: QUOTA })
      .when(restore(1n, first))
      .thenRefused('QUOTA_UNKNOWN', 'deleted', 'creation');
  });

  it('knows nothing of a deleted quota of the same name', () => {
    const gone = [...tree, { type: 'QuotaDeleted', data: {}, quotaId: QUOTA }] as const;
    const anew = content([tokens(7n)]);
    given(...gone, created(QUOTA, [tokens(7n)]), changed(second))
      .when(restore(1n, first))
      .thenRefused('CONTENT_MISMATCH');
    given(...gone, created(QUOTA, [tokens(7n)]), changed(second))
      .when(restore(1n, anew))
      .then(restored(1n, anew));
  });

  it('goes along with a move, of the quota and of what stands above it', () => {
    const move = { type: 'QuotaMoved', data: { toQuotaId: 'moka/dev' }, quotaId: 'moka/prod' };
    given(...tree, move as Fact)
      .when(restore(1n, first, 'moka/dev/ads'))
      .then(restored(1n, first, 'moka/dev/ads'));
  });

  it('leaves the owner and the payer as they are: those are handed on by a transfer', () => {
    const transferred: Fact = {
      type: 'QuotaTransferred',
      data: {
        owner: 'team-new',
        project: 'acme/new',
        formerOwner: first.owner,
        formerProject: null,
      },
      quotaId: QUOTA,
    };
    const handed = { owner: 'team-new', project: 'acme/new' };
    given(...tree, transferred)
      .when(restore(1n, first), memberOf('platform'))
      .then(restored(1n, { ...first, ...handed }));
    given(...tree, transferred)
      .when(restore(2n, second))
      .thenNothing();
    given(...tree, transferred, changed({ ...first, ...handed }))
      .when(restore(3n, { ...second, ...handed }))
      .then(restored(3n, { ...second, ...handed }));
  });

  it('is a step of a tree beside others', () => {
    const noStep = {
      expectedVersion: null,
      create: null,
      change: null,
      move: null,
      delete: null,
      resize: null,
    };
    const step = (version: bigint, brought: QuotaContent) => ({
      ...noStep,
      restore: { quotaId: QUOTA, version, content: brought },
    });
    given(...tree)
      .when({ type: 'ChangeTree', data: { steps: [step(1n, first), step(2n, second)] } })
      .then(restored(1n, first), restored(2n, second));
    given(...tree)
      .when({ type: 'ChangeTree', data: { steps: [step(1n, second)] } })
      .thenRefused('CONTENT_MISMATCH')
      .thenRefusedAt('/steps/0/restore/content');
  });
});

describe('RestoreQuota is judged as the change that it is', () => {
  it('by who sends it: an owner brings no looser version back', () => {
    given(...tree)
      .when(restore(1n, first), memberOf('team-ads'))
      .thenRefused('RAISE_NOT_ALLOWED', 'sessions')
      .thenRefusedAt('/content/limits/0');
    given(...tree)
      .when(restore(1n, first), memberOf('platform'))
      .then(restored(1n, first));
    given(...tree)
      .when(restore(1n, first), memberOf('team-else'))
      .thenRefused('NOT_OWNER');
    given(...tree)
      .when(restore(1n, first), { actor: rightsizer, roles: ['robot'] })
      .thenRefused('NOT_ALLOWED');
  });

  it('a tighter one it does', () => {
    const tighter = content([sessions(4n), tokens(10n)], { tier: 3 });
    given(registered, above, creation, changed(tighter), changed(second))
      .when(restore(2n, tighter), memberOf('team-ads'))
      .then(restored(2n, tighter));
  });

  it('by the tree of now', () => {
    const lowered: Fact = {
      type: 'QuotaChanged',
      data: { content: content([sessions(10n), tokens(30n)], { owner: 'platform' }) },
      quotaId: 'moka/prod',
    };
    given(...tree, lowered)
      .when(restore(1n, first))
      .thenRefused('PARENT_LIMIT_EXCEEDED', '40', '30');
  });

  it('by the registration of now', () => {
    const schema = JSON.stringify({
      required: ['region'],
      properties: { region: { type: 'string' } },
    });
    const stricter = registeredAs({ ...registration, attributesSchema: schema }, 2n);
    // All that is declared now satisfies it, or the registration would have been refused.
    const attributes = JSON.stringify({ region: 'eu' });
    const root = created('moka/prod', [tokens(100n)], { owner: 'platform', attributes });
    given(registered, root, creation, changed({ ...second, attributes }), stricter)
      .when(restore(1n, first))
      .thenRefused('ATTRIBUTES_INVALID')
      .thenRefusedAt('/content/attributes/region');
    const resources = registration.resources.filter(({ name }) => name !== 'sessions');
    given(...tree, changed(first), registeredAs({ ...registration, resources }, 2n))
      .when(restore(2n, second))
      .thenRefused('RESOURCE_UNKNOWN')
      .thenRefusedAt('/content/limits/0');
  });

  it('by the permission of unlimited', () => {
    const wide = content([unbounded(tokens(1n), 'unlimited')]);
    const free = created('moka/prod', []);
    given(registered, free, creation, changed(wide), changed(first))
      .when(restore(2n, wide), { roles: ['operator'] })
      .thenRefused('UNLIMITED_NOT_ALLOWED');
  });

  it('by the safety checks of a decrease, which are waived by name', () => {
    const used = {
      usage: [{ quotaId: QUOTA, resource: 'tokens', used: 30n, observedAt: START, source: 'u@1' }],
    };
    const past = [...tree, changed(first)] as const;
    given(...past)
      .when(restore(2n, second), used)
      .thenRefused('BELOW_USAGE');
    const waivers = [{ check: 'BELOW_USAGE', reason: 'it drains' }];
    given(...past)
      .when(restore(2n, second), { ...used, waivers })
      .then(restored(2n, second));
  });

  it('by the threshold of approval', () => {
    const changePolicy = { ...noTerms.changePolicy, raiseApprovalAboveBasisPoints: 1_000 };
    const careful = registeredAs({ ...registration, changePolicy }, 2n);
    const lower = { ...first, limits: [tokens(20n)] };
    given(registered, above, creation, changed(lower), careful)
      .when(restore(1n, first))
      .then({
        type: 'ChangeProposed',
        data: {
          proposalId: 'moka-p6',
          limits: [tokens(40n)],
          unsetLimits: [],
          evidence: null,
          origin: 'threshold',
          expiresAt: START + 7n * DAY,
        },
        quotaId: QUOTA,
      });
    given(...tree, careful)
      .when(restore(1n, first))
      .thenResult('moka-p6');
  });

  it('by the version that was seen', () => {
    given(...tree)
      .when(restore(1n, first), { expectedVersion: 1n })
      .thenRefused('VERSION_MISMATCH');
    given(...tree)
      .when(restore(1n, first), { expectedVersion: 2n })
      .then(restored(1n, first));
  });
});

describe('what is kept of versions', () => {
  const keptOf = (...facts: readonly Fact[]): string | null | undefined => {
    const state = stateAfter('application:moka', ...facts) as ApplicationState;
    return state.quotas.get(QUOTA)?.versions;
  };

  it('is nothing of a quota that was never changed, whatever else happened to it', () => {
    expect(keptOf(registered, above, creation, haircutApplied(QUOTA, 1_000))).toBeNull();
  });

  it('is bounded, and short', () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      changed(content([tokens(BigInt(index + 1))])),
    );
    const kept = keptOf(registered, above, creation, ...many) ?? '';
    expect(kept.split(' ')).toHaveLength(VERSIONS_KEPT_MAX);
    expect(kept.length).toBeLessThan(700);
  });

  it('is the same of events that carry no hash', () => {
    const bare = changed(second) as Extract<Fact, { type: 'QuotaChanged' }>;
    const unhashed: Fact = { ...bare, data: { ...bare.data, contentHash: null } };
    expect(keptOf(registered, above, creation, unhashed)).toBe(keptOf(...tree));
  });
});
