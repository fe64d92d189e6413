import { describe, expect, it } from 'vitest';
import { Codec, hashOf } from './codec.ts';
import { UnreadableRecord, UnwritableRecord } from './recordErrors.ts';
import { fromJson, toJson } from './json.ts';
import { messagesIn, subjectsFor, topicManifest } from './manifest.ts';
import { memoryIds } from './registry.ts';
import { namedSchemas } from './schemaFiles.ts';
import type { CommandMessage, QuotaCreated, UsageRecorded } from './generated/messages.ts';

const usage: UsageRecorded = {
  hostId: 'h1',
  bootId: 'b',
  sequence: 2n ** 63n - 1n,
  application: 'moka',
  quotaId: 'moka/prod',
  project: 'acme/x',
  zone: null,
  windowStart: 1_700_000_000_000_001n,
  windowEnd: 1_700_000_001_000_000n,
  resources: [
    {
      resource: 'tokens',
      used: 2n ** 53n + 1n,
      refused: 0n,
      queued: 0n,
      peak: -1n,
      trialRefused: 0n,
    },
  ],
};

describe('the codec', () => {
  it('carries 64-bit amounts exactly', async () => {
    const codec = new Codec(memoryIds());
    const bytes = await codec.encode('usage.events', { type: 'UsageRecorded', value: usage });
    expect(bytes.readUInt8(0)).toBe(0);
    expect(await codec.decode(bytes)).toEqual({ type: 'UsageRecorded', value: usage });
  });

  it('carries an optional long, and its absence', async () => {
    const codec = new Codec(memoryIds());
    for (const [total, name] of [
      [null, 'a'],
      [2n ** 62n, 'b'],
    ] as const) {
      const value = {
        resource: name,
        kind: 'rate',
        bound: 'amount',
        amount: 1n,
        perMicros: total,
        burst: null,
        guaranteed: null,
        window: null,
        zone: null,
      } as const;
      const rule = {
        application: 'm',
        quotaId: 'm/a',
        quotaVersion: 1n,
        eventOffset: 1n,
        decidedAt: 1n,
        limits: [value],
        match: [],
        action: 'refuse',
        degradeTag: null,
        mode: 'enforce',
        onStale: 'hold',
        tier: 0,
        project: null,
        after: null,
        requests: null,
        candidate: null,
      } as const;
      const bytes = await codec.encode('quota.rules.m', { type: 'Rule', value: rule });
      expect(await codec.decode(bytes)).toEqual({ type: 'Rule', value: rule });
    }
  });

  it('names the path of a value that does not fit', async () => {
    const codec = new Codec(memoryIds());
    const wrong = { ...usage, resources: [{ ...usage.resources[0]!, used: 5 }] };
    const encoding = codec.encode('usage.events', { type: 'UsageRecorded', value: wrong as never });
    await expect(encoding).rejects.toThrow(UnwritableRecord);
    await expect(encoding).rejects.toThrow('/resources/0/used');
    const tooLarge = { ...usage, sequence: 2n ** 63n };
    await expect(
      codec.encode('usage.events', { type: 'UsageRecorded', value: tooLarge }),
    ).rejects.toThrow('/sequence');
  });

  it('refuses bytes that are not a record', async () => {
    const codec = new Codec(memoryIds());
    const good = await codec.encode('usage.events', { type: 'UsageRecorded', value: usage });
    const noMagic = Buffer.from(good);
    noMagic.writeUInt8(1, 0);
    const unknownId = Buffer.from(good);
    unknownId.writeUInt32BE(77, 1);
    for (const bytes of [null, Buffer.alloc(3), noMagic, unknownId, good.subarray(0, 20)]) {
      await expect(codec.decode(bytes)).rejects.toThrow(UnreadableRecord);
    }
  });

  it('hashes a written record as its reader does', async () => {
    const codec = new Codec(memoryIds());
    const message = { type: 'UsageRecorded', value: usage } as const;
    const bytes = await codec.encode('usage.events', message);
    expect(await codec.hash(bytes)).toEqual(hashOf(message));
    const other = { type: 'UsageRecorded', value: { ...usage, sequence: 1n } } as const;
    expect(hashOf(other)).not.toEqual(hashOf(message));
  });

  it('hashes the type too: records with the same fields differ', () => {
    const envelope = {
      eventId: 'e',
      stream: 'application:m',
      streamVersion: 1n,
      quotaId: null,
      quotaVersion: null,
      cause: 'command',
      commandId: 'c',
      commandOffset: 0n,
      timer: null,
      actor: { kind: 'user', issuer: 'i', subject: 's' },
      decidedAt: 0n,
      reason: '',
      waivers: [],
      attestations: [],
      approved: null,
      previousHash: Buffer.alloc(32),
    } as const;
    const value = { envelope, proposalId: 'm-p1' };
    const approved = hashOf({ type: 'ProposalApproved', value });
    expect(hashOf({ type: 'ProposalRejected', value })).not.toEqual(approved);
  });
});

describe('JSON', () => {
  const body = {
    quotaId: 'moka/prod',
    content: {
      owner: 'ads',
      project: 'acme/x',
      tier: 2,
      cutPriority: 0,
      labels: { team: 'ads' },
      attributes: { model: 'x' },
      limits: [
        { resource: 'tokens', rate: { amount: '9007199254740993', per: '500ms' } },
        { resource: 'slots', concurrency: { max: 'unlimited' } },
        { resource: 'cores', capacity: { guaranteed: 4000, max: 'blocked' } },
      ],
      match: [{ attribute: 'caller', operator: 'in', values: ['a', 'b'] }],
      action: 'refuse',
      degradeTag: null,
      mode: null,
      onStale: null,
      rightsizing: [],
      requests: {
        eachOf: 'caller',
        priority: 1,
        rampPercent: 100,
        scope: null,
        safeShareBasisPoints: null,
        counting: 'sliding_window',
        trial: [
          { resource: 'credits', consumable: { amount: 7, window: 'P1D', zone: 'Asia/Tokyo' } },
        ],
      },
    },
  };

  it('comes back as it was written', () => {
    const parsed = fromJson('io.prorata.type.QuotaContent', body.content);
    if (!('value' in parsed)) throw new Error(JSON.stringify(parsed.violations));
    const { limits } = parsed.value as QuotaCreated['content'];
    expect(limits[0]).toMatchObject({ amount: 9007199254740993n, perMicros: 500_000n });
    expect(toJson('io.prorata.type.QuotaContent', parsed.value)).toEqual(body.content);
  });

  it.each([...namedSchemas.entries()].filter(([, { type }]) => type === 'record'))(
    'gives %s its defaults in the form of what is given',
    (fullName, { fields = [] }) => {
      const parsed = fromJson(fullName, {});
      const faults = 'violations' in parsed ? parsed.violations.map(({ path }) => path) : [];
      const needed = fields.filter((field) => field.default === undefined);
      if (fullName === 'io.prorata.type.ResourceLimit') return;
      expect(faults).toEqual(needed.map(({ name }) => `/${name}`));
    },
  );

  it('gives a default that is long as a bigint', () => {
    const parsed = fromJson('io.prorata.event.ApplicationRegistered', {
      envelope: {
        eventId: '11111111-1111-8111-8111-111111111111',
        stream: 'application:moka',
        streamVersion: 1,
        quotaId: null,
        quotaVersion: null,
        commandId: null,
        commandOffset: null,
        timer: null,
        cause: 'command',
        actor: { kind: 'user', issuer: 'https://idp.test', subject: 'ana' },
        decidedAt: '2026-01-31T12:00:00Z',
        reason: 'for the test',
        previousHash: '00'.repeat(32),
      },
      displayName: 'Moka',
      levels: [],
      resources: [],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: 'apply',
      proposalLifetimeMicros: 1,
    });
    expect(parsed).toMatchObject({
      value: { version: 0n, changePolicy: { usageMaxAgeMicros: null } },
    });
  });

  it('reports every violation with its path', () => {
    const parsed = fromJson('io.prorata.type.QuotaContent', {
      ...body.content,
      tier: 1.5,
      unknown: 1,
      action: 'explode',
      limits: [{ resource: 'tokens', rate: { amount: -1, each: '1s' } }],
    });
    if (!('violations' in parsed)) throw new Error('It should have been refused.');
    expect(parsed.violations.map((violation) => violation.path).sort()).toEqual([
      '/action',
      '/limits/0/rate/amount',
      '/limits/0/rate/each',
      '/tier',
      '/unknown',
    ]);
  });
});

describe('the manifest', () => {
  it('gives every schema folder to one topic, and every topic a key', () => {
    const folders = topicManifest.topics.map((topic) => topic.schemas).filter((f) => f !== null);
    expect(new Set(folders).size).toBe(folders.length);
    expect(messagesIn('command')).toContain('io.prorata.command.CreateQuota');
    expect(messagesIn('command')).not.toContain('io.prorata.command.CommandEnvelope');
  });

  it('prefixes subjects by the namespace, and rule topics share theirs', () => {
    expect(subjectsFor('usage.events', 't1').map((subject) => subject.subject)).toEqual([
      't1.usage.events-io.prorata.usage.UsageRecorded',
    ]);
    expect(subjectsFor('quota.rules.moka', '').map((subject) => subject.subject)).toEqual([
      'io.prorata.rule.Rule',
      'io.prorata.rule.RuleSetComplete',
    ]);
  });

  it('has self-contained schemas that need no other', () => {
    const commands: CommandMessage['type'][] = ['CreateQuota', 'ChangeQuota'];
    for (const { schema } of subjectsFor('quota.commands', '')) {
      expect(schema).toContain('"CommandEnvelope"');
    }
    expect(commands).toHaveLength(2);
  });
});

describe('event schemas', () => {
  it('use nothing that has no canonical form', () => {
    for (const { schema } of subjectsFor('quota.events', '')) {
      expect(schema).not.toMatch(/"(float|double)"/);
      for (const [, branches] of schema.matchAll(/"type":\[([^\]]*)\]/g)) {
        expect(branches?.startsWith('"null",')).toBe(true);
      }
    }
  });

  it('have a document on every field', () => {
    for (const { subject, schema } of subjectsFor('quota.events', '')) {
      const fields = [...schema.matchAll(/"name":"([^"]+)","type"/g)];
      const docs = [...schema.matchAll(/"doc":"[^"]{3,}"/g)];
      expect(docs.length, subject).toBeGreaterThanOrEqual(fields.length);
    }
  });
});
