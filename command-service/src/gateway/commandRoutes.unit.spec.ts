import { createLogger, createService } from '@prorata/service-runtime';
import type { Principal, Service } from '@prorata/service-runtime';
import { LogUnavailable } from '@prorata/kafka-port';
import type { CommandOutcome } from '@prorata/schemas';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { actor, COMMAND_ID, outcomeOf } from '../testing/outcomes.ts';
import { commandRoutes } from './commandRoutes.ts';
import type { CommandRoutesParts } from './commandRoutes.ts';
import { CommandDesk } from './submit/commandDesk.ts';
import type { CommandDeskParts } from './submit/commandDesk.ts';
import { noObserver } from './submit/deskObserver.ts';
import { Lanes } from './submit/lanes.ts';
import { OutcomeBook } from './submit/outcomeBook.ts';

const logger = createLogger('test', 'silent');
const services: Service[] = [];
afterEach(() => Promise.all(services.splice(0).map((service) => service.close())));

/** A book that holds what it is given; records carry no bytes here. */
async function bookOf(outcomes: readonly CommandOutcome[]): Promise<OutcomeBook> {
  const left = [...outcomes];
  const decode = () => Promise.resolve({ type: 'CommandOutcome' as const, value: left.shift()! });
  const book = new OutcomeBook({ decode }, logger);
  const record = { topic: 't', partition: 0, offset: 0n, timestampMs: 0, key: null, value: null };
  for (let at = 0; at < outcomes.length; at++)
    await book.onRecord({ ...record, headers: new Map() });
  return book;
}

interface Given {
  readonly publish?: CommandDeskParts['publisher']['publish'];
  readonly outcomes?: readonly CommandOutcome[];
  readonly principal?: Partial<Principal>;
  readonly askProjector?: CommandRoutesParts['askProjector'];
}

async function serve(given: Given): Promise<{ url: string; book: OutcomeBook }> {
  const book = await bookOf(given.outcomes ?? []);
  const principal: Principal = {
    actor,
    roles: ['operator'],
    grants: [],
    groups: [],
    application: null,
    endsAtMs: Infinity,
    ...given.principal,
  };
  const service = createService({
    name: 'gateway',
    settings: { http: { host: '127.0.0.1', port: 0 } },
    logger,
    access: {
      handler: (request, _response, next) => {
        request.principal = principal;
        next();
      },
      assertCovers: () => undefined,
    },
    ready: () => [],
    patience: { lastAnswersMs: 0 },
    routes: (router) =>
      commandRoutes(router, {
        desk: new CommandDesk({
          codec: { encode: () => Promise.resolve(Buffer.from('bytes')) },
          publisher: { publish: given.publish ?? (() => Promise.resolve()) },
          sign: () => ({}),
          topic: 'quota.commands',
          partitions: 4,
          book,
          clock: { now: () => 5n, after: () => () => undefined },
          outcomeTimeoutMs: 50,
          observer: noObserver,
          lanes: new Lanes({ now: () => 0n, after: () => () => undefined }),
          validators: { attest: () => Promise.resolve([]), decided: () => undefined },
        }),
        book,
        askProjector: given.askProjector ?? null,
      }),
  });
  services.push(service);
  return { url: (await service.listen()).url, book };
}

function post(url: string): Promise<Response> {
  return fetch(`${url}/v1/commands`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': COMMAND_ID },
    body: JSON.stringify({
      type: 'DeleteQuota',
      stream: 'application:moka',
      reason: 'no longer used',
      data: { quotaId: 'moka/a' },
    }),
  });
}

describe('a command that is posted', () => {
  it('is answered 202 at the deadline while the log still hesitates, and its fault harms nobody', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    let fail: (error: Error) => void = () => undefined;
    const publish = (): Promise<void> => new Promise((_resolve, reject) => (fail = reject));
    const { url, book } = await serve({ publish });
    const answer = await post(url);
    expect([answer.status, answer.headers.get('location')]).toEqual([
      202,
      `/v1/commands/${COMMAND_ID}`,
    ]);
    expect(book.waiting).toBe(0);
    fail(new LogUnavailable('too late'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(unhandled).not.toHaveBeenCalled();
    process.off('unhandledRejection', unhandled);
  });

  it('is answered 503 at once when the log refuses it, and its place is free', async () => {
    const publish = () => Promise.reject(new LogUnavailable('down'));
    const { url, book } = await serve({ publish });
    const answer = await post(url);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(book.waiting).toBe(0);
  });
});

describe('a command that is looked up', () => {
  const reuse = outcomeOf({
    status: 'refused',
    code: 'COMMAND_ID_REUSED',
    bodyHash: Buffer.alloc(32, 2),
  });
  const look = async (given: Given): Promise<number> => {
    const { url } = await serve(given);
    return (await fetch(`${url}/v1/commands/${COMMAND_ID}`)).status;
  };

  it('has its first outcome, whatever was tried under its id since', async () => {
    expect(await look({ outcomes: [outcomeOf(), reuse] })).toBe(200);
    expect(await look({ outcomes: [reuse, outcomeOf()] })).toBe(200);
  });

  it('has its decision, though another body under its id was turned away before', async () => {
    const turnedAway = outcomeOf({
      status: 'refused',
      code: 'TIMERS_PENDING',
      bodyHash: Buffer.alloc(32, 2),
    });
    const { url } = await serve({ outcomes: [turnedAway, outcomeOf()] });
    const found = await fetch(`${url}/v1/commands/${COMMAND_ID}`);
    expect(await found.json()).toMatchObject({ code: 'ACCEPTED' });
  });

  it('is asked of the projector when only a reuse of its id has passed here', async () => {
    const askProjector: CommandRoutesParts['askProjector'] = (_request, response) => {
      response.status(418).end();
    };
    expect(await look({ outcomes: [reuse], askProjector })).toBe(418);
    expect(await look({ outcomes: [reuse] })).toBe(200);
  });

  it('is hidden from a token of another application, an auditor’s included', async () => {
    const outcomes = [outcomeOf()];
    const seenBy = (application: string | null, roles: string[]): Promise<number> =>
      look({ outcomes, principal: { application, roles } });
    expect(await seenBy('moka', ['auditor'])).toBe(200);
    expect(await seenBy('tidb', ['auditor'])).toBe(404);
    expect(await seenBy('tidb', ['operator'])).toBe(404);
    expect(await seenBy('tidb', [])).toBe(404);
  });

  it('is another’s business only where that oversees the application', async () => {
    const outcomes = [outcomeOf({ actor: { ...actor, subject: 'u-2' } })];
    for (const application of [null, 'moka']) {
      for (const role of ['admin', 'operator', 'auditor']) {
        expect(await look({ outcomes, principal: { application, roles: [role] } })).toBe(200);
      }
      expect(await look({ outcomes, principal: { application, roles: ['member'] } })).toBe(404);
    }
  });
});
