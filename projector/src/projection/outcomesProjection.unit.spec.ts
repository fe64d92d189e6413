import type { CommandOutcome } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import { registered } from '../../test/drafts.ts';
import { EventStamper } from '../../test/eventStamper.ts';
import { TableImage } from '../../test/tableImage.ts';
import { indexedText } from '../rows/indexedText.ts';
import { OutcomesProjection } from './outcomesProjection.ts';

const STREAM = 'application:llm';

function outcomes(): { readonly accepted: CommandOutcome; readonly refused: CommandOutcome } {
  const stamper = new EventStamper(1);
  return {
    accepted: stamper.stamp(STREAM, [registered]).outcome!.value,
    refused: stamper.refuse(STREAM, 'QUOTA_UNKNOWN').outcome!.value,
  };
}

async function tablesAfter(values: readonly CommandOutcome[], size: number) {
  const image = new TableImage();
  const projection = new OutcomesProjection('quota.outcomes', 0);
  for (let at = 0; at < values.length; at += size) {
    const records = values.slice(at, at + size).map((value, index) => ({
      offset: BigInt(at + index),
      message: { type: 'CommandOutcome' as const, value },
      hash: null,
      loggedAtMs: 0,
    }));
    await projection.project(records).changes(image as unknown as ClientBase);
  }
  return image.tables;
}

describe('the projection of outcomes', () => {
  it('keeps of a refusal no text that an index could not hold', async () => {
    const { refused } = outcomes();
    const long = { commandType: 'T'.repeat(9_000), code: 'C'.repeat(9_000) };
    const { audit_log: rows } = await tablesAfter([{ ...refused, ...long }], 1);
    expect(rows).toMatchObject([
      { type: indexedText(long.commandType), code: indexedText(long.code), body: long },
    ]);
  });

  it('keeps the decision, whatever repeats it or imitates it', async () => {
    const { accepted } = outcomes();
    const forged = { ...accepted, status: 'refused', commandOffset: 9n } as const;
    const story: CommandOutcome[] = [
      { ...forged, code: 'COMMAND_UNSIGNED' },
      accepted,
      { ...accepted, commandOffset: 7n, firstOffset: accepted.commandOffset },
      { ...forged, code: 'COMMAND_ID_REUSED' },
      { ...forged, code: 'COMMAND_SIGNATURE_INVALID' },
      { ...forged, code: 'TIMERS_PENDING' },
    ];
    for (const size of [1, 2, 6]) {
      const { commands, audit_log: audit } = await tablesAfter(story, size);
      expect(commands, `batches of ${size}`).toMatchObject([
        { command_id: accepted.commandId, status: 'accepted', command_offset: '0' },
      ]);
      expect(audit!.map((row) => row['code'])).toEqual([
        'COMMAND_UNSIGNED',
        'COMMAND_ID_REUSED',
        'COMMAND_SIGNATURE_INVALID',
        'TIMERS_PENDING',
      ]);
    }
  });

  it('keeps what turned a command away until the same id is decided', async () => {
    const { accepted } = outcomes();
    const early = { ...accepted, status: 'refused', code: 'TIMERS_PENDING' } as const;
    const later = { ...accepted, commandOffset: 9n };
    expect((await tablesAfter([early], 1))['commands']).toMatchObject([{ code: 'TIMERS_PENDING' }]);
    for (const size of [1, 2]) {
      const { commands } = await tablesAfter([early, later], size);
      expect(commands).toMatchObject([{ code: 'ACCEPTED', command_offset: '9' }]);
    }
  });

  it('keeps a refusal in both tables, and one without a principal in the audit log alone', async () => {
    const { refused } = outcomes();
    const unreadable = { ...refused, actor: null, commandId: '', code: 'COMMAND_UNREADABLE' };
    const { commands, audit_log: audit } = await tablesAfter([refused, unreadable], 2);
    expect(commands).toMatchObject([{ status: 'refused', code: 'QUOTA_UNKNOWN' }]);
    expect(audit).toMatchObject([
      { kind: 'refusal', code: 'QUOTA_UNKNOWN', actor_subject: 'alice', hash: null },
      { kind: 'refusal', code: 'COMMAND_UNREADABLE', actor_subject: null },
    ]);
  });

  it("keeps the sender's reason of a refusal beside what the refusal says", async () => {
    const refused = {
      ...outcomes().refused,
      reason: 'more for the fair',
      message: 'no such quota',
    };
    const { audit_log: audit } = await tablesAfter([refused], 1);
    const body = { message: 'no such quota', reason: 'more for the fair' };
    expect(audit).toMatchObject([{ reason: 'more for the fair', body }]);
  });

  it('stops at a record that is no outcome', () => {
    const [event] = new EventStamper(1).stamp(STREAM, [registered]).events;
    const record = { offset: 4n, message: event!, hash: null, loggedAtMs: 0 };
    const { broken, records } = new OutcomesProjection('quota.outcomes', 0).project([record]);
    expect(records).toBe(0);
    expect(broken).toMatchObject({ offset: 4n });
  });
});
