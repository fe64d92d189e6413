import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HeadsToAnchor } from './headsToAnchor.ts';

const STREAMS = 3_500;
const hashOf = (text: string) => createHash('sha256').update(text).digest();
const heads = new Map(
  Array.from({ length: STREAMS }, (_, number) => {
    const stream = `application:a${number}`;
    return [stream, { version: BigInt(1 + (number % 5)), hash: hashOf(stream) }] as const;
  }),
);

function restored(): HeadsToAnchor {
  const toAnchor = new HeadsToAnchor();
  for (const [stream, { version }] of heads) toAnchor.restored(stream, version, true);
  return toAnchor;
}

describe('the tree of a restored partition', () => {
  it('is made with room for others in between, and is the one that is made at once', async () => {
    const [slowly, atOnce] = [restored(), restored()];
    let breaths = 0;
    await slowly.catchUp(heads, () => {
      breaths += 1;
      return undefined;
    });
    expect(breaths).toBe(3);
    const root = atOnce.root(heads);
    expect(slowly.root(new Map())).toEqual(root);
    expect(root.streams).toBe(BigInt(STREAMS));
  });

  it('goes on with what has gone on, and has nothing else to do then', async () => {
    const [slowly, atOnce] = [restored(), restored()];
    await slowly.catchUp(heads);
    const later = new Map(heads).set('application:a7', { version: 9n, hash: hashOf('later') });
    for (const each of [slowly, atOnce]) each.wentOn('application:a7');
    const asked: string[] = [];
    const watched = {
      get: (stream: string) => {
        asked.push(stream);
        return later.get(stream);
      },
    } as unknown as typeof later;
    expect(slowly.root(watched)).toEqual(atOnce.root(later));
    expect(asked).toEqual(['application:a7']);
  });
});
