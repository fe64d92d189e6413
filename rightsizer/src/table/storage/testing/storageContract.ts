import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { StoredObject, TableStorage } from '../tableStorage.ts';

export interface StorageUnderTest {
  /** Empty at each test's begin. */
  readonly storage: () => TableStorage;
  /** For local files that are to be uploaded. */
  readonly workFolder: () => string;
}

/** What every storage of tables keeps to. */
export function storageContract({ storage, workFolder }: StorageUnderTest): void {
  const localFile = async (content: string | Buffer): Promise<string> => {
    const file = path.join(workFolder(), 'written');
    await mkdir(workFolder(), { recursive: true });
    await writeFile(file, content);
    return file;
  };
  const listed = async (prefix: string): Promise<StoredObject[]> => {
    const found: StoredObject[] = [];
    for await (const object of storage().list(prefix)) found.push(object);
    return found.sort((left, right) => (left.key < right.key ? -1 : 1));
  };

  it('gives back what was created, and nothing of what was not', async () => {
    expect(await storage().create('usage/metadata/v1.json', Buffer.from('{"a":1}'))).toBe(true);
    expect(await storage().read('usage/metadata/v1.json')).toEqual(Buffer.from('{"a":1}'));
    expect(await storage().read('usage/metadata/v2.json')).toBeNull();
    expect(await storage().read('nowhere/at/all')).toBeNull();
  });

  it('creates a key once: another content loses, and the same one is the first writer trying again', async () => {
    expect(await storage().create('v1', Buffer.from('first'))).toBe(true);
    expect(await storage().create('v1', Buffer.from('other'))).toBe(false);
    expect(await storage().create('v1', Buffer.from('first'))).toBe(true);
    expect(await storage().read('v1')).toEqual(Buffer.from('first'));
  });

  it('lets one of many win that create a key at once', async () => {
    const racers = Array.from({ length: 20 }, (_, index) =>
      storage().create('raced', Buffer.from(`racer ${index}`)),
    );
    const won = (await Promise.all(racers)).flatMap((wins, index) => (wins ? [index] : []));
    expect(won).toHaveLength(1);
    expect(await storage().read('raced')).toEqual(Buffer.from(`racer ${won[0]}`));
  });

  it('takes a local file over, also a second time, and opens it as a local file again', async () => {
    const file = await localFile('rows');
    expect(await storage().upload(file, 'usage/data/a=1/x.parquet')).toBe(4);
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await storage().upload(await localFile('rows'), 'usage/data/a=1/x.parquet')).toBe(4);
    await storage().create('usage/data/y.parquet', Buffer.from('more'));
    const keys = ['usage/data/y.parquet', 'usage/data/a=1/x.parquet', 'usage/data/y.parquet'];
    const opened = await storage().open(keys);
    const contents = await Promise.all(opened.paths.map((each) => readFile(each, 'utf8')));
    expect(contents).toEqual(['more', 'rows', 'more']);
    opened.release();
  });

  it('lists what begins with a prefix, with its size and age', async () => {
    for (const key of ['usage/a/1', 'usage/a/22', 'usage/b/1', 'other'])
      await storage().create(key, Buffer.from(key));
    expect((await listed('usage/a/')).map(({ key }) => key)).toEqual(['usage/a/1', 'usage/a/22']);
    expect((await listed('usage/a/2')).map(({ key }) => key)).toEqual(['usage/a/22']);
    expect(await listed('')).toHaveLength(4);
    expect(await listed('nothing/here/')).toEqual([]);
    const [object] = await listed('other');
    expect(object).toMatchObject({ key: 'other', bytes: 5 });
    expect(Math.abs(Date.now() - (object?.modifiedAtMs ?? 0))).toBeLessThan(60_000);
  });

  it('removes a key, and does not mind that it is gone', async () => {
    await storage().create('v1', Buffer.from('1'));
    await storage().remove('v1');
    await storage().remove('v1');
    expect(await storage().read('v1')).toBeNull();
    await expect(storage().open(['v1'])).rejects.toMatchObject({ code: 'FILE_MISSING' });
  });

  it('takes no key that means another place', async () => {
    const bad = ['../out', 'a/../../b', '/etc/passwd', 'a//b', '', '.staged/x', 'a/%2e', 'a\u0000'];
    for (const key of bad)
      await expect(async () => storage().read(key), key).rejects.toThrow(RangeError);
  });
}
