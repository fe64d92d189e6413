import type { Attestation } from '@prorata/schemas';
import type { Principal } from '@prorata/service-runtime';
import { createLogger } from '@prorata/service-runtime';
import { VirtualClock } from '@prorata/kafka-port';
import { describe, expect, it, vi } from 'vitest';
import { actor, COMMAND_ID } from '../../testing/outcomes.ts';
import type { CommandRequest } from './buildCommand.ts';
import { BATCH_COMMANDS_MAX, CommandDesk, PRINCIPAL_ASKED_AT_ONCE_MAX } from './commandDesk.ts';
import type { CommandDeskParts } from './commandDesk.ts';
import { noObserver } from './deskObserver.ts';
import { Lanes } from './lanes.ts';
import { OutcomeBook } from './outcomeBook.ts';
import { SubmissionRefused } from './submissionRefused.ts';

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
  after: CommandDeskParts['clock']['after'] = () => () => undefined,
): CommandDesk {
  const clock = { now: () => 5n, after };
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
  it('asks about no more of one batch at once than one principal may ask', async () => {
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
    expect(most).toBe(PRINCIPAL_ASKED_AT_ONCE_MAX);
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

  it('tells who waits for a validator when the end begins that it is not taken, and does not wait for the validator', async () => {
    const desk = deskThat(() => new Promise(() => undefined));
    const one = desk.submit(request, () => undefined);
    const many = desk.submitAll([request, request], () => undefined);
    const ending = desk.end(0);
    await expect(one).rejects.toMatchObject({ code: 'SHUTTING_DOWN', retryAfterS: 1 });
    const refused = { code: 'SHUTTING_DOWN' };
    expect(await many).toMatchObject([refused, refused]);
    await ending;
  });

  it('answers a batch before its caller is cut off, and goes on with what validators hold up', async () => {
    const virtual = new VirtualClock(0);
    const written: string[] = [];
    const slow = Promise.withResolvers<readonly Attestation[]>();
    let asked = 0;
    const desk = deskThat(
      () => (++asked === 3 ? slow.promise : Promise.resolve([])),
      (records) => {
        written.push(...records.map(() => 'record'));
        return Promise.resolve();
      },
      (milliseconds, run) => virtual.after(milliseconds, run),
    );
    const answer = desk.submitAll([request, request, request, request], () => undefined);
    await virtual.advance(39_000);
    await expect(Promise.race([answer, Promise.resolve('waits')])).resolves.toBe('waits');
    await virtual.advance(1_000);
    const unknown = { kind: 'unknown', commandId: COMMAND_ID };
    expect(await answer).toEqual([unknown, unknown, unknown, unknown]);
    expect(written).toHaveLength(2);
    slow.resolve([]);
    await vi.waitFor(() => expect(written).toHaveLength(4));
  });

  it('does not take what there was no place to ask about', async () => {
    const publish = vi.fn(() => Promise.resolve());
    const full = new SubmissionRefused('TOO_MANY_IN_FLIGHT', 'No place.', { retryAfterS: 1 });
    const desk = deskThat(() => Promise.reject(full), publish);
    await expect(desk.submit(request, () => undefined)).rejects.toBe(full);
    expect(await desk.submitAll([request], () => undefined)).toEqual([full]);
    expect(publish).not.toHaveBeenCalled();
  });
});
