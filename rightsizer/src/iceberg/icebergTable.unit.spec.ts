import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryStorage } from '../../test/memoryStorage.ts';
import type { DataFile } from './dataFile.ts';
import { COMMIT_AGE_MAX_MS, IcebergTable } from './icebergTable.ts';
import type { TableChange } from './icebergTable.ts';
import { expiryProperties } from './keptSnapshots.ts';
import { KEPT_VERSIONS, MetadataVersions } from './metadataVersions.ts';
import type { TableState } from './metadataVersions.ts';
import type { TableForm } from './tableMetadata.ts';
import { currentSnapshot } from './tableMetadata.ts';

const form: TableForm = {
  schema: {
    type: 'struct',
    'schema-id': 0,
    fields: [{ id: 1, name: 'at', required: true, type: 'timestamptz' }],
  },
  spec: {
    'spec-id': 0,
    fields: [{ name: 'at_day', transform: 'day', 'source-id': 1, 'field-id': 1000 }],
  },
  order: { 'order-id': 0, fields: [] },
  properties: {},
};

let storage: MemoryStorage;
let nowMs: number;

beforeEach(() => {
  storage = new MemoryStorage();
  nowMs = 1_000_000;
});

async function openTable(): Promise<IcebergTable> {
  const table = new IcebergTable({ storage, name: 'usage', now: () => nowMs });
  await table.ensure(form);
  return table;
}

const file = (name: string, day = 0): DataFile => ({
  path: `memory://tables/usage/data/${name}`,
  partition: [day],
  rows: 1,
  bytes: 100,
  columns: new Map(),
  sortOrderId: null,
});

const change = (changes: Partial<TableChange>): TableChange => ({
  operation: 'append',
  added: [],
  removed: [],
  summary: {},
  notes: {},
  properties: {},
  ...changes,
});

const append = (table: IcebergTable, name: string, day = 0): Promise<TableState> =>
  table.commit(() => change({ added: [file(name, day)] }));

async function namesIn(table: IcebergTable, { metadata }: TableState): Promise<string[]> {
  const snapshot = currentSnapshot(metadata);
  if (snapshot === null) return [];
  const { manifests } = await table.manifests(metadata, snapshot);
  const files = await Promise.all(manifests.map((each) => table.files(metadata, each)));
  return files.flat().map((entry) => entry.file.path.split('/').at(-1) ?? '');
}

const count = async (table: IcebergTable, { metadata }: TableState): Promise<number> =>
  (await table.manifests(metadata, currentSnapshot(metadata)!)).manifests.length;

describe('a table', () => {
  it('is made once, and holds what each commit added, for a reader that has seen nothing before', async () => {
    await Promise.all([openTable(), openTable()]);
    const table = await openTable();
    await append(table, 'a');
    const state = await append(table, 'b');
    expect(state.version).toBe(3);
    const reader = new IcebergTable({ storage, name: 'usage' });
    expect(await namesIn(reader, (await reader.newest())!)).toEqual(['a', 'b']);
    expect(currentSnapshot(state.metadata)?.summary).toMatchObject({
      operation: 'append',
      'added-data-files': '1',
      'total-data-files': '2',
      'total-records': '2',
    });
  });

  it('keeps what writers side by side add, whoever wins which version', async () => {
    const tables = await Promise.all(Array.from({ length: 4 }, openTable));
    const wanted = tables.flatMap((_, writer) =>
      Array.from({ length: 25 }, (__, index) => `${writer}-${index}`),
    );
    await Promise.all(
      tables.map(async (table, writer) => {
        for (let index = 0; index < 25; index += 1) await append(table, `${writer}-${index}`);
      }),
    );
    const state = (await (await openTable()).newest())!;
    expect(state.version).toBe(101);
    expect((await namesIn(tables[0]!, state)).sort()).toEqual(wanted.sort());
  });

  it('names ever more files in few manifests, and reads none of them again to add one', async () => {
    const table = await openTable();
    let most = 0;
    for (let index = 0; index < 300; index += 1) {
      nowMs += 60_000;
      most = Math.max(most, await count(table, await append(table, `f${index}`, index)));
    }
    expect(most).toBeLessThanOrEqual(2 * 32);
    expect(storage.reads).toBeLessThan(3);
    const reader = new IcebergTable({ storage, name: 'usage' });
    const names = await namesIn(reader, (await reader.newest())!);
    expect(new Set(names).size).toBe(300);
  });

  it('moves properties alone without a snapshot', async () => {
    const table = await openTable();
    const { metadata } = await table.commit(() => change({ properties: { own: 'text' } }));
    expect(metadata.properties['own']).toBe('text');
    expect(currentSnapshot(metadata)).toBeNull();
  });

  it('names no files that may have been removed: a writer that slept writes them anew', async () => {
    const table = await openTable();
    const begunMs = nowMs;
    nowMs += COMMIT_AGE_MAX_MS + 1;
    const late = table.commit(() => change({ added: [file('a')] }), begunMs);
    await expect(late).rejects.toMatchObject({ code: 'COMMIT_CONTENDED' });
    expect((await table.newest())?.version).toBe(1);
  });

  it('does nothing when the newest version asks for nothing', async () => {
    const table = await openTable();
    const { version } = await append(table, 'a');
    expect((await table.commit(() => null)).version).toBe(version);
  });
});

describe('files that are replaced', () => {
  it('give way to others, and what was added meanwhile stays', async () => {
    const table = await openTable();
    for (const name of ['a', 'b', 'c']) await append(table, name);
    const compactor = await openTable();
    let calls = 0;
    const replacing = compactor.commit(() => {
      // Somebody appends between the look and the commit, the first time.
      if ((calls += 1) === 1) void append(table, 'd');
      return change({
        operation: 'replace',
        added: [file('ab')],
        removed: [file('a').path, file('b').path],
      });
    });
    await replacing;
    const state = await append(table, 'e');
    expect((await namesIn(table, state)).sort()).toEqual(['ab', 'c', 'd', 'e']);
    expect(currentSnapshot(state.metadata)?.summary['total-records']).toBe('4');
  });

  it('must still be there', async () => {
    const table = await openTable();
    await append(table, 'a');
    await append(table, 'b');
    const replaced = change({
      operation: 'replace',
      added: [file('x')],
      removed: [file('a').path],
    });
    await table.commit(() => replaced);
    await expect(table.commit(() => replaced)).rejects.toMatchObject({ code: 'FILES_REPLACED' });
  });
});

describe('snapshots', () => {
  it('expire once another has followed them for long enough, but for the newest few', async () => {
    const table = await openTable();
    await table.commit(() =>
      change({
        properties: { [expiryProperties.minSnapshots]: '2', [expiryProperties.maxAgeMs]: '10000' },
      }),
    );
    let state = await append(table, 'a');
    const old = currentSnapshot(state.metadata)!['snapshot-id'];
    // The newest for a long time, and followed just now.
    nowMs += 60_000;
    for (const name of ['b', 'c', 'd']) state = await append(table, name);
    expect(state.metadata.snapshots.map((each) => each['snapshot-id'])).toContain(old);
    nowMs += 10_001;
    state = await append(table, 'e');
    expect(state.metadata.snapshots).toHaveLength(2);
    expect(state.metadata['snapshot-log'].at(-1)).toMatchObject({
      'snapshot-id': state.metadata['current-snapshot-id'],
    });
    expect(await namesIn(table, state)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

describe('the versions of a table', () => {
  const versions = (): MetadataVersions => new MetadataVersions(storage, 'usage');
  const kept = (): string[] => [...storage.objects.keys()].filter((key) => key.includes('/v'));

  it('are made by one writer each, also by one who slept while they were retired', async () => {
    const table = await openTable();
    const sleeper = versions();
    const slept = (await sleeper.newest())!;
    for (let index = 0; index < 2 * KEPT_VERSIONS; index += 1) await append(table, `f${index}`);
    expect(kept()).toHaveLength(KEPT_VERSIONS);
    const late = { version: 2, metadata: { ...slept.metadata, properties: { late: 'yes' } } };
    // Its number is free again.
    expect(storage.objects.has('usage/metadata/v2.metadata.json')).toBe(false);
    expect(await sleeper.create(late)).toBe(false);
    expect(storage.objects.has('usage/metadata/v2.metadata.json')).toBe(false);
    expect((await sleeper.newest())?.version).toBe(2 * KEPT_VERSIONS + 1);
  });

  it('name the one before them, as long as it is kept', async () => {
    const table = await openTable();
    let state = await append(table, 'f');
    for (let index = 0; index < 150; index += 1) state = await append(table, `f${index}`);
    const log = state.metadata['metadata-log'];
    expect(log.at(-1)?.['metadata-file']).toBe(
      `memory://tables/usage/metadata/v${state.version - 1}.metadata.json`,
    );
    expect(log.length).toBe(KEPT_VERSIONS - 1);
    const keys = new Set(kept().map((key) => `memory://tables/${key}`));
    expect(log.every((entry) => keys.has(entry['metadata-file']))).toBe(true);
  });

  it('are not believed when they cannot be read', async () => {
    const table = await openTable();
    await append(table, 'a');
    const key = 'usage/metadata/v2.metadata.json';
    const text = storage.objects.get(key)!.toString('utf8');
    for (const broken of [
      text.slice(0, -3),
      text.replace('"format-version":2', '"format-version":3'),
      text.replace(/"current-snapshot-id":\d+/, '"current-snapshot-id":7'),
      text.replace('"current-schema-id":0', '"current-schema-id":9'),
    ]) {
      expect(broken).not.toBe(text);
      storage.objects.set(key, Buffer.from(broken));
      await expect(versions().newest()).rejects.toMatchObject({ code: 'METADATA_BROKEN' });
    }
  });
});
