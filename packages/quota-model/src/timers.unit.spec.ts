import { describe, expect, it } from 'vitest';
import { evidence, registration, tokens, created, registered } from './testing/samples.ts';
import { ana, ben, DAY, HOUR, rightsizer, START } from './testing/stamp.ts';
import { TestStream } from './testing/stream.ts';
import { decideTimer, dueTimes } from './timers.ts';

function withQuota(): TestStream {
  const stream = new TestStream('application:moka');
  const prod = created('moka/prod', [tokens(100n)], {
    rightsizing: [{ resource: 'tokens', min: 1n, max: 100n, workload: null, pinned: false }],
  });
  const facts = [
    { ...registered, quotaId: null, quotaVersion: null },
    { ...prod, quotaId: 'moka/prod', quotaVersion: 1n },
  ];
  stream.append(facts, ana);
  return stream;
}
const override = (until: bigint) =>
  ({
    type: 'OverrideQuota',
    data: { quotaId: 'moka/prod', limits: [tokens(5n)], until },
  }) as const;

describe('due times', () => {
  it('are the ends of overrides and proposals, the earliest first, with who set them', () => {
    const stream = withQuota();
    stream.send(
      { type: 'ResizeQuota', data: { quotaId: 'moka/prod', limit: tokens(50n), evidence } },
      { actor: rightsizer, roles: ['robot'] },
    );
    stream.send(override(START + HOUR), { actor: ben });
    expect(dueTimes(stream.state!)).toEqual([
      { at: START + HOUR, timer: 'override:moka/prod', actor: ben, reason: 'a test' },
      {
        at: START + registration.proposalLifetimeMicros,
        timer: 'proposal:moka-p3',
        actor: rightsizer,
        reason: 'a test',
      },
    ]);
    stream.advanceTo(START + 8n * DAY);
    expect(stream.events.slice(-2).map(({ type }) => type)).toEqual([
      'QuotaOverrideEnded',
      'ProposalExpired',
    ]);
    expect(stream.events.at(-2)?.value.envelope.quotaVersion).toBe(4n);
    expect(dueTimes(stream.state!)).toEqual([]);
  });

  it('are decided late as well, not early, and not twice', () => {
    const stream = withQuota();
    stream.send(override(START + HOUR));
    const [due] = dueTimes(stream.state!);
    const at = (now: bigint) => decideTimer(stream.state!, due!, { now, streamVersion: 3n });
    expect(at(START + HOUR - 1n)).toEqual([]);
    expect(at(START + 9n * DAY)).toEqual([
      {
        type: 'QuotaOverrideEnded',
        data: { end: 'expired' },
        quotaId: 'moka/prod',
        quotaVersion: 3n,
      },
    ]);
    stream.send({ type: 'LiftOverride', data: { quotaId: 'moka/prod' } });
    expect(at(START + 9n * DAY)).toEqual([]);
  });

  it('are void when a newer override ends at another time', () => {
    const stream = withQuota();
    stream.send(override(START + HOUR));
    const [due] = dueTimes(stream.state!);
    stream.send(override(START + 2n * HOUR));
    const context = { now: START + 3n * HOUR, streamVersion: 4n };
    expect(decideTimer(stream.state!, due!, context)).toEqual([]);
  });

  it('are void when the quota is gone', () => {
    const stream = withQuota();
    stream.send(override(START + HOUR));
    const [due] = dueTimes(stream.state!);
    stream.send({ type: 'DeleteQuota', data: { quotaId: 'moka/prod', children: 'refuse' } });
    expect(dueTimes(stream.state!)).toEqual([]);
    expect(decideTimer(stream.state!, due!, { now: due!.at, streamVersion: 4n })).toEqual([]);
  });
});
