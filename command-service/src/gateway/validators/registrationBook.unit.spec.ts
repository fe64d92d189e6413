import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '@prorata/service-runtime';
import { projectorAsker } from './askProjector.ts';
import { RegistrationBook } from './registrationBook.ts';

const registered = (): Response => Response.json({ version: 3, validators: [] });

function bookOn(fetch: () => Promise<Response>): {
  readonly book: RegistrationBook;
  readonly asked: () => number;
  readonly tokensRead: () => number;
  readonly at: (nowMs: number) => void;
} {
  const clock = { nowMs: 0 };
  const spy = vi.fn(fetch);
  let reads = 0;
  vi.stubGlobal('fetch', spy);
  const nowMs = (): number => clock.nowMs;
  const ask = projectorAsker({
    projectorUrl: 'http://projector.test',
    token: () => {
      reads++;
      return Promise.resolve(null);
    },
    nowMs,
  });
  const book = new RegistrationBook({ ask, logger: createLogger('test', 'fatal'), nowMs });
  return {
    book,
    asked: () => spy.mock.calls.length,
    tokensRead: () => reads,
    at(nowMs) {
      clock.nowMs = nowMs;
    },
  };
}

/** Until a refresh in the background has ended: it has nothing but promises to wait for. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what the gateway knows of registrations', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('is read once for all who ask at the same time, and believed for two seconds', async () => {
    const { book, asked, at } = bookOn(() => Promise.resolve(registered()));
    const known = await Promise.all([book.of('moka'), book.of('moka')]);
    at(1_999);
    known.push(await book.of('moka'));
    expect(known.map((each) => each?.version)).toEqual([3n, 3n, 3n]);
    expect(asked()).toBe(1);
  });

  it('is read anew in the background, once in two seconds', async () => {
    const { book, asked, at } = bookOn(() => Promise.resolve(registered()));
    await book.of('moka');
    at(2_000);
    await Promise.all([book.of('moka'), book.of('moka')]);
    await settled();
    at(3_999);
    await book.of('moka');
    expect(asked()).toBe(2);
  });

  it('asks a projector that is away after two seconds, four, eight, however many commands come', async () => {
    let isAway = false;
    const { book, asked, at } = bookOn(() =>
      isAway ? Promise.reject(new Error('refused')) : Promise.resolve(registered()),
    );
    await book.of('moka');
    isAway = true;
    const askedAtMs: number[] = [];
    for (let nowMs = 2_000; nowMs < 14_900; nowMs += 100) {
      const before = asked();
      at(nowMs);
      expect(await book.of('moka')).toEqual({ version: 3n, validators: [] });
      await settled();
      if (asked() > before) askedAtMs.push(nowMs);
    }
    expect(askedAtMs).toEqual([2_000, 4_000, 8_000]);
  });

  it('asks once for all applications while the projector is away, and reads no token for the others', async () => {
    const { book, asked, tokensRead, at } = bookOn(() => Promise.reject(new Error('refused')));
    await book.of('moka');
    for (let nowMs = 0; nowMs <= 60_000; nowMs += 500) {
      at(nowMs);
      const names = Array.from({ length: 20 }, (_, index) => `a${index}`);
      expect(await Promise.all(names.map((name) => book.of(name)))).toEqual(names.map(() => null));
    }
    // At 0, 2, 6, 14, 29, 44 and 59 s.
    expect([asked(), tokensRead()]).toEqual([7, 7]);
  });

  it('is known again with the first command after an outage', async () => {
    let isAway = true;
    const { book, at } = bookOn(() =>
      isAway ? Promise.resolve(new Response('', { status: 503 })) : Promise.resolve(registered()),
    );
    expect([await book.of('moka'), await book.of('llm')]).toEqual([null, null]);
    isAway = false;
    at(1_999);
    expect(await book.of('llm')).toBeNull();
    at(2_000);
    expect([await book.of('llm'), await book.of('moka')]).toMatchObject([
      { version: 3n },
      { version: 3n },
    ]);
  });

  it('of one application that cannot be read keeps nobody else from being read', async () => {
    let answers = 0;
    const { book } = bookOn(() =>
      Promise.resolve(answers++ === 0 ? new Response('', { status: 500 }) : registered()),
    );
    expect([await book.of('broken'), await book.of('moka')]).toMatchObject([null, { version: 3n }]);
  });

  it('is believed for fifteen seconds of an outage, and then unknown', async () => {
    let isAway = false;
    const { book, at } = bookOn(() =>
      isAway ? Promise.reject(new Error('refused')) : Promise.resolve(registered()),
    );
    await book.of('moka');
    isAway = true;
    at(14_999);
    expect(await book.of('moka')).not.toBeNull();
    at(15_000);
    expect(await book.of('moka')).toBeNull();
  });
});
