import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { DuckDBInstance } from '@duckdb/node-api';
import { createMemoryLog } from '@prorata/kafka-port';
import type { EventDraft } from '@prorata/quota-model';
import { Codec, memoryIds } from '@prorata/schemas';
import type { TreeStep } from '@prorata/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, contentOf, created, registered, tokensPerSecond } from '../../../test/drafts.ts';
import { EventStamper, makeAnchorKey, testStart } from '../../../test/eventStamper.ts';
import { exported } from '../../../test/exported.ts';
import { MemorySource, rawRecords } from '../../../test/memorySource.ts';
import type { RawRecord } from '../auditSource.ts';
import { LogSource } from '../logSource.ts';
import { exportOrder } from './exportCommand.ts';
import type { ExportValues } from './exportCommand.ts';
import { exportColumns } from './exportColumns.ts';
import { exportedRecord } from './exportedRecord.ts';
import type { Entry } from './exportedRecord.ts';
import { NdjsonTarget } from './ndjsonTarget.ts';
import { ParquetTarget } from './parquetTarget.ts';
import { tellsTheSame } from './tellsTheSame.ts';

const codec = new Codec(memoryIds());
const PARTITIONS = 2;
const LLM = 'application:llm';
const noStep: TreeStep = {
  ...{ expectedVersion: null, create: null, change: null },
  ...{ move: null, delete: null, restore: null, resize: null },
};

let directory: string;
let whole: readonly RawRecord[];
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'prorata-export-'));
  whole = await rawRecords(story(), codec);
});
afterAll(() => rm(directory, { recursive: true }));

function story() {
  const stamper = new EventStamper(PARTITIONS);
  const content = contentOf({ limits: [tokensPerSecond(9_007_199_254_740_993n)] });
  const about = { quotaId: null, quotaVersion: null } as const;
  const removal = { ...noStep, delete: { quotaId: 'llm/a/b', children: 'refuse' as const } };
  const proposed: EventDraft = {
    type: 'TreeChangeProposed',
    data: {
      ...{ proposalId: 'llm-p1', place: 'llm', steps: [removal] },
      ...{ origin: 'threshold', expiresAt: testStart },
    },
    ...about,
  };
  return [
    stamper.stamp('application:moka', [registered]),
    stamper.stamp(LLM, [registered]),
    stamper.stamp(LLM, [created('llm/a', content)], { reason: 'wörd "x"\n\t\u{1D11E}' }),
    stamper.stamp(LLM, [changed('llm/a', 2n, contentOf())], { timer: 'override:llm/a' }),
    stamper.refuse(LLM, 'QUOTA_UNKNOWN', { at: testStart + 9_000_000n + 123_457n }),
    stamper.stamp(LLM, [proposed]),
    stamper.stamp(LLM, [{ type: 'ProposalRejected', data: { proposalId: 'llm-p1' }, ...about }]),
    stamper.stamp(LLM, [{ type: 'ProposalRejected', data: { proposalId: 'llm-p9' }, ...about }]),
    stamper.anchor(0, makeAnchorKey()),
  ];
}

const source = (records = whole) => new MemorySource(PARTITIONS, records);

async function linesOf(file: string): Promise<readonly Entry[]> {
  const text = await readFile(file, 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Entry]));
}

type Row = Readonly<Record<string, unknown>>;

/** Read by the library alone, as an auditor's own program would. */
async function rowsOf(sql: string): Promise<readonly Row[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const numeric = (text: unknown) => (text === null ? null : BigInt(text as string).toString());
const textOrNull = (value: number | string | null) => (value === null ? null : `${value}`);

/** What a line and a row have in common. */
function ofLine(entry: Entry): Row {
  return {
    place: `${entry.topic} ${entry.partition} ${entry.offset}`,
    ...{ kind: entry.kind, stream: entry.stream, version: textOrNull(entry.streamVersion) },
    ...{ type: entry.type, quota: entry.quotaId, quotaVersion: textOrNull(entry.quotaVersion) },
    ...{ event: entry.eventId, command: entry.commandId, offset: textOrNull(entry.commandOffset) },
    ...{ cause: entry.cause, timer: entry.timer, actor: entry.actor?.subject ?? null },
    ...{ issuer: entry.actor?.issuer ?? null, actorKind: entry.actor?.kind ?? null },
    ...{ reason: entry.reason, code: entry.code, problem: entry.problem },
    ...{ hash: entry.hash, previous: entry.previousHash, body: entry.body },
    decidedAt: entry.decidedAt === null ? null : microsOf(entry.decidedAt),
  };
}

function ofRow(row: Row): Row {
  return {
    place: `${row['topic'] as string} ${row['partition'] as number} ${row['log_offset'] as string}`,
    ...{ kind: row['kind'], stream: row['stream'], version: numeric(row['stream_version']) },
    ...{ type: row['type'], quota: row['quota_id'], quotaVersion: numeric(row['quota_version']) },
    ...{
      event: row['event_id'],
      command: row['command_id'],
      offset: numeric(row['command_offset']),
    },
    ...{ cause: row['cause'], timer: row['timer'], actor: row['actor_subject'] },
    ...{ issuer: row['actor_issuer'], actorKind: row['actor_kind'] },
    ...{ reason: row['reason'], code: row['code'], problem: row['problem'] },
    ...{ hash: row['hash'], previous: row['previous_hash'] },
    body: row['body'] === null ? null : (JSON.parse(row['body'] as string) as unknown),
    decidedAt: row['micros'] === null ? null : numeric(row['micros']),
  };
}

function microsOf(time: string): string {
  const [seconds = '', fraction = ''] = time.replace('Z', '').split('.');
  return `${BigInt(Date.parse(`${seconds}Z`)) * 1_000n + BigInt(fraction.padEnd(6, '0'))}`;
}

const byPlace = (rows: readonly Row[]) =>
  rows.toSorted((a, b) => (a['place'] as string).localeCompare(b['place'] as string));

describe('an exported file', () => {
  it('tells the same as lines and as a table, and both tell what stands in the log', async () => {
    const [lines, table] = [path.join(directory, 'a.ndjson'), path.join(directory, 'a.parquet')];
    const report = await exported(source(), codec, lines);
    expect(report).toMatchObject({ records: whole.length, unreadable: 0 });
    expect(await exported(source(), codec, table, {}, 'parquet')).toMatchObject({
      records: whole.length,
    });
    const told = (await linesOf(lines)).map(ofLine);
    const rows = await rowsOf(`SELECT *, epoch_us(decided_at) AS micros FROM '${table}'`);
    expect(byPlace(rows.map(ofRow))).toEqual(byPlace(told));
    const inLog = await Promise.all(
      whole.map(async (raw) => (await exportedRecord(codec, raw)).entry),
    );
    expect(byPlace(told)).toEqual(byPlace(inLog.map(ofLine)));
  });

  it('is what its report says: bytes and SHA-256', async () => {
    for (const format of ['ndjson', 'parquet'] as const) {
      const file = path.join(directory, `digest.${format}`);
      const { sha256, bytes } = await exported(source(), codec, file, {}, format);
      const content = await readFile(file);
      expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
      expect(content.length).toBe(bytes);
    }
  });

  it('has as a table the columns of the reference, sorted, compressed, each event provable by its hash', async () => {
    const file = path.join(directory, 'proof.parquet');
    await exported(source(), codec, file, {}, 'parquet');
    const columns = await rowsOf(`DESCRIBE SELECT * FROM '${file}'`);
    const typed = columns.map((row) => [row['column_name'], row['column_type']]);
    expect(typed).toEqual(exportColumns.map(({ name, type }) => [name, type]));
    const page = await readFile(
      path.join(import.meta.dirname, '../../../../docs/reference/audit-export.md'),
      'utf8',
    );
    for (const { name, type } of exportColumns) expect(page).toContain(`| \`${name}\` | ${type} |`);
    const [wrong] = await rowsOf(
      `SELECT count(*) AS events, count(*) FILTER (sha256(record) <> hash) AS wrong FROM '${file}' WHERE kind = 'event'`,
    );
    expect(wrong).toEqual({ events: '8', wrong: '0' });
    const [unchained] = await rowsOf(
      `SELECT count(*) AS unchained FROM '${file}' AS a JOIN '${file}' AS b ON a.kind = 'event' AND b.kind = 'event'
       AND a.stream = b.stream AND b.stream_version = a.stream_version + 1 WHERE b.previous_hash <> a.hash`,
    );
    expect(unchained).toEqual({ unchained: '0' });
    const order = await rowsOf(`SELECT stream, stream_version FROM '${file}'`);
    const keys = order.map(
      (row) => `${row['stream'] as string} ${row['stream_version'] as string}`,
    );
    expect(keys).toEqual(keys.toSorted());
    const codecs = await rowsOf(`SELECT DISTINCT compression FROM parquet_metadata('${file}')`);
    expect(codecs).toEqual([{ compression: 'ZSTD' }]);
  });

  it('is sorted as a whole, however many rows are sorted at once', async () => {
    const record = await exportedRecord(codec, whole[0]!);
    const places = ['b', 'a', 'c', 'a', 'b'].flatMap((stream, at) =>
      [25_000, 10_000, 9_999, 1, null].map((version) => ({ stream, version, at })),
    );
    for (const sortedRows of [1, 3, 7, 1_000]) {
      const folder = await mkdtemp(path.join(directory, 'sorted-'));
      const target = await ParquetTarget.open(folder);
      for (const { stream, version, at } of places) {
        const entry = { ...record.entry, stream, streamVersion: version, offset: at };
        await target.add({ ...record, entry });
      }
      const file = path.join(folder, 'whole.parquet');
      await target.finish(file, '{}', sortedRows);
      target.close();
      const rows = await rowsOf(`SELECT stream, stream_version, log_offset FROM '${file}'`);
      const sorted = places
        .toSorted(
          (a, b) =>
            a.stream.localeCompare(b.stream) || (a.version ?? 0) - (b.version ?? 0) || a.at - b.at,
        )
        .map(({ stream, version, at }) => `${stream} ${version ?? '-'} ${at}`);
      const found = rows.map(
        (row) =>
          `${row['stream'] as string} ${(row['stream_version'] as string | null) ?? '-'} ${row['log_offset'] as string}`,
      );
      expect(found, `${sortedRows}`).toEqual(sorted);
    }
  });

  it('keeps what was asked for in the properties of the table', async () => {
    const file = path.join(directory, 'asked.parquet');
    await exported(source(), codec, file, { from: testStart, quota: 'llm/a' }, 'parquet');
    const rows = await rowsOf(
      `SELECT decode(value) AS value FROM parquet_kv_metadata('${file}') WHERE decode(key) = 'question'`,
    );
    expect(JSON.parse(rows[0]!['value'] as string)).toMatchObject({
      from: '2026-03-02T10:00:00.000Z',
      quota: 'llm/a',
    });
  });

  it('of a quota tells of proposals that name it, and what became of them', async () => {
    const file = path.join(directory, 'quota.ndjson');
    const versionsOf = async (question: object) => {
      await exported(source(), codec, file, { what: ['events'], ...question });
      return (await linesOf(file)).map(({ streamVersion }) => streamVersion);
    };
    expect(await versionsOf({ quota: 'llm/a' })).toEqual([2, 3]);
    expect(await versionsOf({ quota: 'llm/a/b' })).toEqual([4, 5]);
    expect(await versionsOf({ within: 'llm/a' })).toEqual([2, 3, 4, 5]);
    expect(await versionsOf({ within: 'llm' })).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('has what cannot be read as such, whatever is asked for', async () => {
    const file = path.join(directory, 'unreadable.ndjson');
    const torn = whole.map((raw, at) => (at === 3 ? { ...raw, value: Buffer.from([9]) } : raw));
    const report = await exported(source(torn), codec, file, { actor: 'nobody' });
    expect(report).toMatchObject({ records: 1, unreadable: 1 });
    const [entry] = await linesOf(file);
    expect(entry).toMatchObject({ kind: 'unreadable', stream: LLM, type: null });
    expect(entry!.problem).toContain('wire format');
  });

  it('is there whole or not at all, and the one from before stays until then', async () => {
    for (const format of ['ndjson', 'parquet'] as const) {
      const folder = await mkdtemp(path.join(directory, 'atomic-'));
      const file = path.join(folder, `x.${format}`);
      const broken = source();
      const read = broken.read.bind(broken);
      broken.read = async (topic, partition, onRecord) => {
        await read(topic, partition, onRecord);
        if (topic === 'quota.events') throw new Error('the log is away');
      };
      await expect(exported(broken, codec, file, {}, format)).rejects.toThrow('away');
      expect(await readdir(folder), format).toEqual([]);
      await writeFile(file, 'before');
      await exported(source(), codec, file, {}, format);
      expect(await readdir(folder)).toEqual([`x.${format}`]);
      expect((await readFile(file, 'utf8')).startsWith('before')).toBe(false);
    }
  });
});

describe('an output that fails between two chunks', () => {
  it('ends the export with its error', async () => {
    const output = new PassThrough();
    const failed = once(output, 'error');
    const target = new NdjsonTarget(output, false);
    output.destroy(new Error('ENOSPC'));
    await failed;
    await expect(target.finish()).rejects.toThrow('ENOSPC');
  });
});

describe('what a copy tells of a record', () => {
  it('may lack a field that the message gained later, and none that the record was written with', async () => {
    const record = await exportedRecord(
      codec,
      whole.find(({ topic }) => topic === 'quota.events')!,
    );
    const { entry, canonical } = record;
    const body = entry.body as Readonly<Record<string, unknown>>;
    const shorter = Object.fromEntries(
      Object.entries(body).filter(([name]) => name !== 'displayName'),
    );
    const told = JSON.stringify({ ...entry, body: shorter });
    expect(tellsTheSame(JSON.stringify(entry), record)).toBe(true);
    expect(tellsTheSame(told, record)).toBe(false);
    const older = { ...record, canonical: canonical!.replace('"displayName":"LLM gateway",', '') };
    expect(tellsTheSame(told, older)).toBe(true);
    const other = JSON.stringify({ ...entry, body: { ...shorter, version: 7 } });
    expect(tellsTheSame(other, older)).toBe(false);
    const more = JSON.stringify({ ...entry, body: { ...body, note: 'harmless' } });
    expect(tellsTheSame(more, record)).toBe(false);
  });
});

describe('an export from a time on', () => {
  it('reads nothing that was written more than a day before it', async () => {
    const log = createMemoryLog({ seed: 1 });
    log.createTopic('quota.events', 1);
    const port = log.connect();
    const publisher = await port.publisher();
    const [day, start] = [86_400_000, log.clock.nowMs];
    for (let number = 0; number < 5; number += 1) {
      const place = { topic: 'quota.events', partition: 0 };
      await publisher.publish([{ ...place, key: null, value: Buffer.from([number]) }]);
      await log.clock.advance(day);
    }
    const seenFrom = async (fromMs: number) => {
      const seen: number[] = [];
      const from = BigInt(fromMs) * 1_000n;
      await new LogSource(port.log, '', 1, from).read('quota.events', null, ({ value }) => {
        seen.push(value![0]!);
        return Promise.resolve();
      });
      return seen;
    };
    expect(await seenFrom(start)).toEqual([0, 1, 2, 3, 4]);
    expect(await seenFrom(start + 3 * day)).toEqual([2, 3, 4]);
    expect(await seenFrom(start + 3 * day + 1)).toEqual([3, 4]);
    expect(await seenFrom(start + 9 * day)).toEqual([]);
  });
});

describe('the words of an export', () => {
  it('choose the form by the file’s name, unless told', () => {
    const formOf = (to: string, format?: string) => exportOrder({ to, format }).format;
    expect([formOf('a.ndjson'), formOf('a.parquet'), formOf('log')]).toEqual([
      ...['ndjson', 'parquet', 'ndjson'],
    ]);
    expect(formOf('a.parquet', 'ndjson')).toBe('ndjson');
  });

  it('may name a day', () => {
    const { question } = exportOrder({
      to: 'a',
      from: '2026-03-02',
      until: '2026-03-02T10:00:00Z',
    });
    expect([question.from, question.until]).toEqual([testStart - 36_000_000_000n, testStart]);
  });

  it('are refused when they say nothing that could be meant', () => {
    const wrong: readonly (readonly [ExportValues, string])[] = [
      [{}, '--to FILE'],
      [{ to: '2026-01-01T00:00:00Z' }, '--until'],
      [{ to: 'a', format: 'csv' }, 'ndjson, parquet'],
      [{ to: 'a', what: 'events,everything' }, 'refusals'],
      [{ to: 'a', from: 'yesterday' }, '--from'],
      [{ to: 'a', until: '2026' }, '--until'],
      [{ to: 'a', quota: 'moka' }, '--quota'],
      [{ to: 'a', within: '/' }, '--within'],
    ];
    for (const [values, said] of wrong) {
      expect(() => exportOrder(values), JSON.stringify(values)).toThrow(said);
    }
  });
});
