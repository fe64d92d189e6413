import { hashOf } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import { EventStamper } from '../../test/eventStamper.ts';
import { quotaStory } from '../../test/quotaStory.ts';
import { TableImage } from '../../test/tableImage.ts';
import { AuditProjection } from './auditProjection.ts';
import type { DecodedRecord } from './projection.ts';

const STREAM = 'application:llm';

function records(): DecodedRecord[] {
  const stamper = new EventStamper(1);
  const events = quotaStory.flatMap((drafts) => stamper.stamp(STREAM, drafts).events);
  return events.map((message, index) => ({
    offset: BigInt(index * 2),
    message,
    hash: hashOf(message).toString('hex'),
    loggedAtMs: 0,
  }));
}

async function rowsAfter(all: readonly DecodedRecord[], size: number) {
  const projection = new AuditProjection('quota.events', 0);
  const image = new TableImage();
  for (let at = 0; at < all.length; at += size) {
    const { changes, broken } = projection.project(all.slice(at, at + size));
    expect(broken).toBeNull();
    await changes(image as unknown as ClientBase);
  }
  return image.tables['audit_log']!;
}

describe('the projection of the audit log', () => {
  it('keeps a row for each event, with its hash, however they were batched', async () => {
    const all = records();
    const rows = await rowsAfter(all, 4);
    expect(rows).toHaveLength(all.length);
    expect(rows[0]).toMatchObject({
      kind: 'event',
      type: 'ApplicationRegistered',
      hash: all[0]!.hash,
      previous_hash: '0'.repeat(64),
    });
    expect(await rowsAfter(all, 1)).toEqual(rows);
  });

  it('shows what follows from nothing, too', async () => {
    const all = records().slice(3);
    expect(await rowsAfter(all, 4)).toHaveLength(all.length);
  });

  it('stops at a record that is no event, after what stands before it', () => {
    const { outcome } = new EventStamper(1).refuse(STREAM, 'QUOTA_UNKNOWN');
    const all = [
      ...records().slice(0, 2),
      { offset: 9n, message: outcome!, hash: null, loggedAtMs: 0 },
    ];
    const projected = new AuditProjection('quota.events', 0).project(all);
    expect(projected).toMatchObject({ records: 2, broken: { offset: 9n } });
    expect(projected.broken!.message).toContain('CommandOutcome');
  });
});
