import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '@prorata/service-runtime';
import { RegistrationBook } from './registrationBook.ts';

const registered = (): Response => Response.json({ version: 3, validators: [] });

function bookOn(fetch: () => Promise<Response>): {
  readonly book: RegistrationBook;
  readonly asked: () => number;
  readonly at: (nowMs: number) => void;
} {
  const clock = { nowMs: 0 };
  const spy = vi.fn(fetch);
  vi.stubGlobal('fetch', spy);
  const book = new RegistrationBook({
    projectorUrl: 'http://projector.test',
    token: () => Promise.resolve(null),
    logger: createLogger('test', 'fatal'),
    nowMs: () => clock.nowMs,
  });
  return {
    book,
    asked: () => spy.mock.calls.length,
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

  it('asks a projector that is away once in two seconds, however many commands come', async () => {
    let isAway = false;
    const { book, asked, at } = bookOn(() =>
      isAway ? Promise.reject(new Error('refused')) : Promise.resolve(registered()),
    );
    await book.of('moka');
    isAway = true;
    for (let nowMs = 2_000; nowMs < 6_000; nowMs += 100) {
      at(nowMs);
      expect(await book.of('moka')).toEqual({ version: 3n, validators: [] });
      await settled();
    }
    expect(asked()).toBe(3);
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
