import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderStorage } from './folderStorage.ts';
import { proveConditional } from './proveConditional.ts';
import { storageContract } from './testing/storageContract.ts';

let root: string;
let storage: FolderStorage;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), "objects' folder "));
  storage = await FolderStorage.open(path.join(root, 'table'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

const inTable = (...names: string[]): string => path.join(root, 'table', ...names);

describe('a folder of objects', () => {
  storageContract({ storage: () => storage, workFolder: () => root });

  it('lets one of two processes win each of 1,000 versions', async () => {
    const program = path.join(import.meta.dirname, 'testing', 'raceForVersions.ts');
    const racers = ['left', 'right'].map((name) => {
      const child = spawn(process.execPath, [program, inTable(), name]);
      return { name, child, answers: createInterface(child.stdout)[Symbol.asyncIterator]() };
    });
    const next = () => Promise.all(racers.map(async ({ answers }) => (await answers.next()).value));
    expect(await next()).toEqual(['ready', 'ready']);
    const wins = { left: 0, right: 0 };
    for (let version = 1; version <= 1000; version += 1) {
      for (const { child } of racers) child.stdin.write(`${version}\n`);
      const won = await next();
      const winner = (['left', 'right'] as const)[won.indexOf('true')]!;
      expect(won.sort(), String(version)).toEqual(['false', 'true']);
      expect(await readFile(inTable('race', `v${version}.json`), 'utf8')).toMatch(winner);
      wins[winner] += 1;
    }
    for (const { child } of racers) child.stdin.end();
    expect(Math.min(wins.left, wins.right)).toBeGreaterThan(0);
  });

  it('leaves nothing half made beside the objects, and clears away what dead processes left', async () => {
    await storage.create('a', Buffer.from('1'));
    await storage.create('a', Buffer.from('2'));
    expect(await readdir(inTable('.staged'))).toEqual([]);
    await writeFile(inTable('.staged', 'old'), 'half');
    await writeFile(inTable('.staged', 'young'), 'half');
    const longAgo = new Date(Date.now() - 3 * 3_600_000);
    await utimes(inTable('.staged', 'old'), longAgo, longAgo);
    await FolderStorage.open(inTable());
    expect(await readdir(inTable('.staged'))).toEqual(['young']);
  });

  it('makes a folder anew that somebody removed', async () => {
    await storage.create('usage/metadata/v1.json', Buffer.from('1'));
    await rm(inTable('usage'), { recursive: true });
    expect(await storage.create('usage/metadata/v2.json', Buffer.from('2'))).toBe(true);
  });

  it('keeps what is removed while it is open until it is released', async () => {
    await storage.create('rows', Buffer.from('rows'));
    const [first, second] = [await storage.open(['rows']), await storage.open(['rows'])];
    await storage.remove('rows');
    first.release();
    first.release();
    expect(await readFile(second.paths[0]!, 'utf8')).toBe('rows');
    second.release();
    await expect.poll(() => storage.read('rows')).toBeNull();
  });

  it('says that the storage does not answer, with the reason, where the file system fails', async () => {
    await writeFile(inTable('taken'), 'a file where a folder should be');
    await expect(storage.create('taken/key', Buffer.from('1'))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('taken/key: the file system says E') as string,
    });
  });

  it('is proved to let one of many win', async () => {
    await expect(proveConditional(storage)).resolves.toBeUndefined();
    await mkdir(inTable('probe'), { recursive: true });
    expect(await readdir(inTable('probe'))).toEqual([]);
  });
});
