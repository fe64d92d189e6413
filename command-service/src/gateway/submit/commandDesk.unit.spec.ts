import type { Attestation } from '@prorata/schemas';
import type { Principal } from '@prorata/service-runtime';
import { createLogger } from '@prorata/service-runtime';
import { describe, expect, it, vi } from 'vitest';
import { actor, COMMAND_ID } from '../../testing/outcomes.ts';
import type { CommandRequest } from './buildCommand.ts';
import { BATCH_COMMANDS_MAX, CommandDesk } from './commandDesk.ts';
import type { CommandDeskParts } from './commandDesk.ts';
import { noObserver } from './deskObserver.ts';
import { Lanes } from './lanes.ts';
import { OutcomeBook } from './outcomeBook.ts';

const principal: Principal = {
  actor,
  roles: ['operator'],
  grants: [],
  groups: [],
  application: null,
  endsAtMs: Infinity,
};
const request: CommandRequest = {
  body: {
    type: 'DeleteQuota',
    stream: 'application:moka',
    reason: 'no longer used',
    data: { quotaId: 'moka/a' },
  },
  commandId: COMMAND_ID,
  principal,
};

function deskThat(
  attest: () => Promise<readonly Attestation[]>,
  publish: CommandDeskParts['publisher']['publish'] = () => Promise.resolve(),
): CommandDesk {
  const clock = { now: () => 5n, after: () => () => undefined };
  return new CommandDesk({
    codec: { encode: () => Promise.resolve(Buffer.from('bytes')) },
    publisher: { publish },
    sign: () => ({}),
    topic: 'quota.commands',
    partitions: 4,
    book: new OutcomeBook(
      { decode: () => Promise.reject(new Error()) },
      createLogger('test', 'silent'),
    ),
    clock,
    outcomeTimeoutMs: 5,
    observer: noObserver,
    lanes: new Lanes(clock),
    validators: { attest, decided: () => undefined },
  });
}

describe('the desk and validators', () => {
  it('asks about no more of one batch at once than one validator is asked at once', async () => {
    let asking = 0;
    let most = 0;
    const desk = deskThat(async () => {
      most = Math.max(most, ++asking);
      await new Promise((resolve) => setImmediate(resolve));
      asking--;
      return [];
    });
    const requests = Array.from({ length: BATCH_COMMANDS_MAX }, () => request);
    const submitted = await desk.submitAll(requests, () => undefined);
    expect(submitted).toHaveLength(BATCH_COMMANDS_MAX);
    expect(most).toBe(16);
  });

  it('writes nothing that a validator answers after the end has begun', async () => {
    const publish = vi.fn(() => Promise.resolve());
    const asked = Promise.withResolvers<readonly Attestation[]>();
    const desk = deskThat(() => asked.promise, publish);
    const submitting = desk.submit(request, () => undefined);
    const ending = desk.end(0);
    asked.resolve([]);
    await expect(submitting).rejects.toMatchObject({ code: 'SHUTTING_DOWN', retryAfterS: 1 });
    await ending;
    expect(publish).not.toHaveBeenCalled();
  });
});
