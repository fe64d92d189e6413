import type { EventDraft } from '@prorata/quota-model';
import { hashOf } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import {
  budgetDefined,
  changed,
  contentOf,
  created,
  deleted,
  registered,
  tokensPerSecond,
} from '../../test/drafts.ts';
import { EventStamper, testStart } from '../../test/eventStamper.ts';
import { quotaStory } from '../../test/quotaStory.ts';
import { TableImage } from '../../test/tableImage.ts';
import { EventsProjection } from './eventsProjection.ts';
import type { DecodedRecord, Projected } from './projection.ts';

const STREAM = 'application:llm';

function records(): DecodedRecord[] {
  const stamper = new EventStamper(1);
  const events = quotaStory.flatMap((drafts) => stamper.stamp(STREAM, drafts).events);
  events.push(...stamper.stamp('organization:acme', [budgetDefined]).events);
  return events.map((message, index) => ({
    offset: BigInt(index * 2),
    message,
    hash: hashOf(message).toString('hex'),
    loggedAtMs: 0,
  }));
}

/** The tables after the records, handed over in batches of these sizes. */
async function tablesAfter(all: readonly DecodedRecord[], size: number): Promise<TableImage> {
  const projection = new EventsProjection(0);
  const image = new TableImage();
  for (let at = 0; at < all.length; at += size) {
    await write(projection.project(all.slice(at, at + size)), image);
  }
  return image;
}

const write = ({ changes, broken }: Projected, image: TableImage): Promise<void> => {
  expect(broken).toBeNull();
  return changes(image as unknown as ClientBase);
};

describe('the projection of events', () => {
  it('writes rows that do not tell how events were batched', async () => {
    const all = records();
    const one = await tablesAfter(all, 1);
    for (const size of [2, 3, 5, all.length]) {
      expect((await tablesAfter(all, size)).tables, `batches of ${size}`).toEqual(one.tables);
    }
  });

  it('shows what is in force, and whose event was the last to alter it', async () => {
    const { tables } = await tablesAfter(records(), 4);
    const quotas = tables['quotas']!;
    expect(quotas.map((row) => row['quota_id'])).toEqual([
      'llm/acme',
      'llm/acme/chat',
      'llm/acme/code',
    ]);
    const [parent, chat] = quotas;
    expect(parent).toMatchObject({ parent: 'llm', project: 'acme/other', version: '4' });
    // The chat quota inherits its payer, and was last altered by its parent's event.
    expect(chat).toMatchObject({
      parent: 'llm/acme',
      project: 'acme/other',
      version: '3',
      stream_version: parent!['stream_version'],
      updated_at: parent!['updated_at'],
    });
    const [limit] = chat!['effective'] as [{ limit: object; layers: { layer: string }[] }];
    expect(limit.limit).toMatchObject({ rate: { amount: 40_000, per: '1s' } });
    expect(limit.layers.map(({ layer }) => layer)).toContain('haircut');
  });

  it('closes the proposals of a deleted quota and keeps the others open', async () => {
    const { tables } = await tablesAfter(records(), 3);
    expect(tables['proposals']).toMatchObject([
      { proposal_id: 'llm-p10', status: 'withdrawn', closed_by: { subject: 'alice' } },
      { proposal_id: 'llm-p8', status: 'open', closed_at: null },
    ]);
  });

  it('shows what a proposal of steps would do, and where, and that it was declined', async () => {
    const removal = { quotaId: 'llm/acme/code', children: 'refuse' } as const;
    const none = {
      create: null,
      change: null,
      move: null,
      restore: null,
      resize: null,
      expectedVersion: null,
    };
    const noQuota = { quotaId: null, quotaVersion: null };
    const opened: EventDraft = {
      type: 'TreeChangeProposed',
      data: {
        proposalId: 'llm-p14',
        place: 'llm/acme',
        steps: [{ ...none, delete: removal }],
        origin: 'threshold',
        expiresAt: testStart + 60_000_000n,
      },
      ...noQuota,
    };
    const declined: EventDraft = {
      type: 'ProposalRejected',
      data: { proposalId: 'llm-p14' },
      ...noQuota,
    };
    const rowAfter = async (...drafts: readonly EventDraft[]): Promise<unknown> => {
      const stamper = new EventStamper(1);
      const [last] = drafts.slice(-1);
      const options = last?.type === 'ProposalExpired' ? { timer: 'proposal llm-p14' } : {};
      const stamped = [...quotaStory, ...drafts.map((each) => [each])].flatMap(
        (each) => stamper.stamp(STREAM, each, each[0] === last ? options : {}).events,
      );
      const all = stamped.map((message, index) => ({
        offset: BigInt(index),
        message,
        hash: hashOf(message).toString('hex'),
        loggedAtMs: 0,
      }));
      const { tables } = await tablesAfter(all, 2);
      return tables['proposals']?.find((row) => row['proposal_id'] === 'llm-p14');
    };
    expect(await rowAfter(opened)).toMatchObject({
      application: 'llm',
      quota_id: 'llm/acme',
      status: 'open',
      steps: [{ delete: removal }],
      limits: [],
    });
    expect(await rowAfter(opened, declined)).toMatchObject({
      status: 'rejected',
      closed_by: { subject: 'alice' },
    });
    // The event of a timer names who set it: whoever opened the proposal did not close it.
    const expired: EventDraft = { ...declined, type: 'ProposalExpired' };
    expect(await rowAfter(opened, expired)).toMatchObject({ status: 'expired', closed_by: null });
    const moved: EventDraft = {
      type: 'QuotaMoved',
      data: { toQuotaId: 'llm/code' },
      quotaId: 'llm/acme/code',
      quotaVersion: 3n,
    };
    expect(await rowAfter(opened, moved)).toMatchObject({
      quota_id: 'llm',
      status: 'open',
      steps: [{ delete: { ...removal, quotaId: 'llm/code' } }],
    });
    expect(await rowAfter(opened, moved, declined)).toMatchObject({
      quota_id: 'llm',
      status: 'rejected',
      steps: [{ delete: { ...removal, quotaId: 'llm/code' } }],
    });
  });

  it('keeps what a deleted quota declared under its id, as that of a life that has ended', async () => {
    const { tables } = await tablesAfter(records(), 3);
    const gone = tables['quota_versions']!.filter((row) => row['ended'] !== null);
    expect(gone).toMatchObject([{ quota_id: 'llm/other', version: '1', ended: '13' }]);
  });

  it('shows a moved quota, all below it and its open proposals under their new paths alone', async () => {
    const stamper = new EventStamper(1);
    const move: EventDraft = {
      type: 'QuotaMoved',
      data: { toQuotaId: 'llm/globex' },
      quotaId: 'llm/acme',
      quotaVersion: 5n,
    };
    const events = [...quotaStory, [move]].flatMap(
      (drafts) => stamper.stamp(STREAM, drafts).events,
    );
    const all = events.map((message, index) => ({
      offset: BigInt(index),
      message,
      hash: hashOf(message).toString('hex'),
      loggedAtMs: 0,
    }));
    for (const size of [1, 4, all.length]) {
      const { tables } = await tablesAfter(all, size);
      expect(tables['quotas']!.map((row) => [row['quota_id'], row['parent']])).toEqual([
        ['llm/globex', 'llm'],
        ['llm/globex/chat', 'llm/globex'],
        ['llm/globex/code', 'llm/globex'],
      ]);
      expect(tables['quotas']![0]).toMatchObject({ version: '5', project: 'acme/other' });
      const open = tables['proposals']!.filter((row) => row['status'] === 'open');
      expect(open).toMatchObject([{ proposal_id: 'llm-p8', quota_id: 'llm/globex/chat' }]);
      const versions = tables['quota_versions']!.filter((row) => row['ended'] === null);
      expect(versions.map((row) => [row['quota_id'], row['version'], row['type']])).toEqual([
        ['llm/globex', '3', 'QuotaChanged'],
        ['llm/globex', '1', 'QuotaCreated'],
        ['llm/globex/chat', '1', 'QuotaCreated'],
        ['llm/globex/code', '1', 'QuotaCreated'],
      ]);
    }
  });

  it('tells who was created below a changed quota, and who left it, from those who were there', async () => {
    const stamper = new EventStamper(1);
    const limits = [tokensPerSecond(70_000n)];
    const more: readonly EventDraft[] = [
      changed('llm/acme', 5n, contentOf({ project: 'acme/other', limits })),
      created('llm/acme/late', contentOf({})),
      {
        type: 'QuotaMoved',
        data: { toQuotaId: 'llm/code' },
        quotaId: 'llm/acme/code',
        quotaVersion: 3n,
      },
      deleted('llm/acme/chat', 4n),
      { ...registered, data: { ...registered.data, version: 2n } } as EventDraft,
    ];
    const drafts = [...quotaStory.flat(), ...more];
    const all = stamper.stamp(STREAM, drafts).events.map((message, index) => ({
      offset: BigInt(index),
      message,
      hash: hashOf(message).toString('hex'),
      loggedAtMs: 0,
    }));
    const one = await tablesAfter(all, 1);
    expect((await tablesAfter(all, all.length)).tables).toEqual(one.tables);
    const places = one.tables['quotas']!.map((row) => [row['quota_id'], row['event_offset']]);
    const first = BigInt(quotaStory.flat().length);
    expect(places).toEqual([
      ['llm/acme', String(first)],
      ['llm/acme/late', String(first + 1n)],
      ['llm/code', String(first + 2n)],
    ]);
  });

  it('rounds no amount', async () => {
    const { tables } = await tablesAfter(records(), 4);
    expect(tables['budgets']![0]).toMatchObject({ amount: '100.000000000001' });
  });

  it('goes on from a fold as if it had written', async () => {
    const all = records();
    const folded = new EventsProjection(0);
    for (const record of all.slice(0, 7)) folded.fold({ ...record, hash: null });
    const image = new TableImage();
    await write(folded.project(all.slice(7)), image);
    const whole = await tablesAfter(all, 100);
    expect(image.tables['quotas']).toEqual(whole.tables['quotas']);
  });
});

describe('a log that breaks its laws', () => {
  it('is applied up to the gap and no further', () => {
    const all = records().filter((_, index) => index !== 3);
    const { records: taken, broken } = new EventsProjection(0).project(all);
    expect(taken).toBe(3);
    expect(broken).toMatchObject({ offset: 8n });
    expect(broken!.message).toContain('is at version 3, and the next event says 5');
  });

  it('is applied up to an event that does not fit the state, what stands before it kept', async () => {
    const stamper = new EventStamper(1);
    const events = [
      ...quotaStory.slice(0, 3),
      // The right version of the stream, and of a quota that was never created.
      [changed('llm/nowhere', 2n, contentOf())],
      [created('llm/later', contentOf())],
    ].flatMap((drafts) => stamper.stamp(STREAM, drafts).events);
    const all = events.map((message, index) => ({
      offset: BigInt(index),
      message,
      hash: hashOf(message).toString('hex'),
      loggedAtMs: 0,
    }));
    const projected = new EventsProjection(0).project(all);
    expect(projected).toMatchObject({ records: 3, broken: { offset: 3n } });
    const image = new TableImage();
    await projected.changes(image as unknown as ClientBase);
    expect(image.tables['quotas']!.map((row) => row['quota_id'])).toEqual([
      'llm/acme',
      'llm/acme/chat',
    ]);
  });

  it('stops at a record that is no event', () => {
    const stamper = new EventStamper(1);
    const { outcome } = stamper.refuse(STREAM, 'QUOTA_UNKNOWN');
    const record = { offset: 0n, message: outcome!, hash: null, loggedAtMs: 0 };
    const { broken } = new EventsProjection(0).project([record]);
    expect(broken!.message).toContain('CommandOutcome');
  });
});
