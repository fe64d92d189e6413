import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { TableFault } from '../tableFault.ts';
import { ObjectCache } from './objectCache.ts';
import type { FetchObject } from './objectCache.ts';

let root: string;
let fetched: string[];
let cache: ObjectCache;

/** The key says how many bytes the object has: `name-100`. */
const fetchObject: FetchObject = (key) => {
  fetched.push(key);
  if (key === 'missing') throw new TableFault('FILE_MISSING', key);
  const bytes = Number(key.split('-')[1]);
  return Promise.resolve({ bytes, body: Readable.from([Buffer.alloc(bytes, key)]) });
};

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'cache-'));
  fetched = [];
  cache = await ObjectCache.open(root, 300, fetchObject);
  return () => rm(root, { recursive: true, force: true });
});

const filesOnDisk = async (): Promise<number> => {
  const folders = await readdir(root);
  const files = await Promise.all(folders.map((folder) => readdir(path.join(root, folder))));
  return files.flat().length;
};

describe('the cache of objects', () => {
  it('fetches once what several ask for at once, and what was fetched before not again', async () => {
    const opened = await Promise.all([cache.open(['a-100', 'b-100']), cache.open(['b-100'])]);
    await cache.open(['a-100']);
    expect(fetched).toEqual(['a-100', 'b-100']);
    expect(await readFile(opened[1].paths[0]!)).toEqual(Buffer.alloc(100, 'b-100'));
  });

  it('never holds more than it may: who was used longest ago goes first', async () => {
    for (const key of ['a-100', 'b-100', 'c-100', 'a-100', 'd-100', 'a-100', 'c-100'])
      (await cache.open([key])).release();
    expect(fetched).toEqual(['a-100', 'b-100', 'c-100', 'd-100']);
    (await cache.open(['b-100'])).release();
    expect(fetched).toHaveLength(5);
    expect(cache.bytes).toBe(300);
    expect(await filesOnDisk()).toBe(3);
  });

  it('keeps what is open, and refuses what does not fit beside it', async () => {
    const opened = await cache.open(['a-100', 'b-100']);
    await expect(cache.open(['c-200'])).rejects.toMatchObject({ code: 'CACHE_TOO_SMALL' });
    expect(await readFile(opened.paths[0]!)).toHaveLength(100);
    opened.release();
    opened.release();
    (await cache.open(['c-200'])).release();
    expect(cache.bytes).toBeLessThanOrEqual(300);
  });

  it('says by which setting a query fits that asks for too much at once, and holds nothing of it', async () => {
    const asked = cache.open(['a-100', 'b-100', 'c-100', 'd-100']);
    await expect(asked).rejects.toThrow('PRORATA_USAGE_CACHE_MB');
    await cache.open(['e-300']);
    expect(await filesOnDisk()).toBe(1);
  });

  it('fetches again what a failed open has fetched in part', async () => {
    await expect(cache.open(['a-100', 'missing'])).rejects.toMatchObject({ code: 'FILE_MISSING' });
    const { paths } = await cache.open(['a-100']);
    expect(await readFile(paths[0]!)).toHaveLength(100);
    await expect(cache.open(['missing'])).rejects.toMatchObject({ code: 'FILE_MISSING' });
  });

  it('comes back when somebody has deleted it', async () => {
    (await cache.open(['a-100'])).release();
    await rm(root, { recursive: true });
    const { paths } = await cache.open(['a-100', 'b-100']);
    expect(await readFile(paths[0]!)).toHaveLength(100);
    expect(cache.bytes).toBe(200);
  });

  it('takes over a file that was just uploaded, where there is room', async () => {
    const file = path.join(root, 'written');
    await writeFile(file, Buffer.alloc(100));
    await cache.adopt('w-100', file, 100);
    await writeFile(file, Buffer.alloc(400));
    await cache.adopt('large-400', file, 400);
    await expect(readFile(file)).rejects.toThrow('ENOENT');
    expect(await readFile((await cache.open(['w-100'])).paths[0]!)).toHaveLength(100);
    expect(fetched).toEqual([]);
    expect(cache.bytes).toBe(100);
  });

  it('clears away the folders of dead processes, and no others', async () => {
    (await cache.open(['a-100'])).release();
    const uuid = '0'.repeat(8) + '-0000-4000-8000-' + '0'.repeat(12);
    const dead = `${os.hostname()}.999999999.${uuid}`;
    const [young, old] = [`elsewhere.1.${uuid}`, `gone.1.${uuid}`];
    for (const name of [dead, young, old]) await mkdir(path.join(root, name));
    const longAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(path.join(root, old), longAgo, longAgo);
    const other = await ObjectCache.open(root, 300, fetchObject);
    const left = await readdir(root);
    expect(left).toHaveLength(2);
    expect(left).toContain(young);
    await cache.close();
    await other.close();
    expect(await readdir(root)).toEqual([young]);
  });

  it('holds its bound and its pins while many open, release and upload at once', async () => {
    const open = async (round: number): Promise<void> => {
      const key = `${'abcdefgh'[round % 8]}-${50 + (round % 3) * 25}`;
      const opened = await cache.open([key]).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'CACHE_TOO_SMALL' });
        return null;
      });
      if (opened === null) return;
      expect(cache.bytes).toBeLessThanOrEqual(300);
      expect((await readFile(opened.paths[0]!)).toString()).toMatch(new RegExp(`^${key[0]}`));
      opened.release();
    };
    const lane = async (lane: number): Promise<void> => {
      for (let round = 0; round < 100; round += 1) await open(round * (lane + 1) + lane);
    };
    await Promise.all([0, 1, 2, 3].map(lane));
    expect(await filesOnDisk()).toBeLessThanOrEqual(6);
  });
});
