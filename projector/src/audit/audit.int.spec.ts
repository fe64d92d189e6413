import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { inNamespace, topicManifest } from '@prorata/schemas';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, contentOf, created, registered, tokensPerSecond } from '../../test/drafts.ts';
import { eventually, openStand } from '../../test/projectorStand.ts';
import type { Stand } from '../../test/projectorStand.ts';
import { exportOrder } from './export/exportCommand.ts';
import type { ExportValues } from './export/exportCommand.ts';
import type { Entry } from './export/exportedRecord.ts';
import { exportFile } from './export/exportFile.ts';
import { LogSource } from './logSource.ts';

const main = path.join(import.meta.dirname, 'main.ts');

interface Report {
  readonly events: number;
  readonly streams: number;
  readonly firstBad: { readonly offset: number; readonly stream: string } | null;
}

describe('the audit of a running log', () => {
  let stand: Stand;
  let directory: string;
  beforeAll(async () => {
    stand = await openStand();
    directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-audit-'));
    const { stamper } = stand;
    for (const id of ['moka', 'llm', 'tidb']) {
      const stream = `application:${id}`;
      await stand.append(
        stamper.stamp(stream, [registered]),
        stamper.stamp(stream, [created(`${id}/prod`, contentOf())]),
        stamper.refuse(stream, 'QUOTA_UNKNOWN'),
        stamper.stamp(stream, [
          changed(`${id}/prod`, 2n, contentOf({ limits: [tokensPerSecond(5n)] })),
        ]),
      );
    }
  });
  afterAll(async () => {
    await stand.close();
    await rm(directory, { recursive: true });
  });

  interface Ran {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }

  async function run(...args: string[]): Promise<Ran> {
    // As the auditor, who may read and nothing else.
    const environment = stand.environment('auditor', 'postgres://none');
    const env = { PATH: process.env['PATH'], ...environment };
    const running = promisify(execFile)(process.execPath, [main, ...args], { env });
    return running.then(
      (done) => ({ code: 0, ...done }),
      (error: unknown) => error as Ran,
    );
  }

  async function audit(...args: string[]): Promise<{ code: number; report: Report }> {
    const { code, stdout, stderr } = await run(...args);
    if (stdout === '') throw new Error(stderr);
    return { code, report: JSON.parse(stdout) as Report };
  }

  it('holds for what the writer wrote', async () => {
    await eventually(async () => {
      const { code, report } = await audit('verify', '--json');
      expect(code).toBe(0);
      expect(report).toMatchObject({ events: 9, streams: 3, firstBad: null });
    });
    const { report } = await audit('verify', '--json', '--stream', 'application:llm');
    expect(report).toMatchObject({ events: 3, streams: 1, firstBad: null });
  });

  it('names a flipped byte in a copy', async () => {
    const copy = path.join(directory, 'copy.ndjson');
    expect((await audit('export', '--to', copy)).report).toMatchObject({ records: 21 });
    expect((await audit('verify', '--json', '--file', copy)).code).toBe(0);
    const lines = (await readFile(copy, 'utf8')).trimEnd().split('\n');
    const at = lines.findIndex((line) => line.includes('quota.events'));
    const line = JSON.parse(lines[at]!) as { value: string; offset: string; partition: number };
    for (const byte of [0, 2, 4, 20, -1]) {
      const value = Buffer.from(line.value, 'base64');
      const index = byte < 0 ? value.length + byte : byte;
      value.writeUInt8(value.readUInt8(index) ^ 1, index);
      const altered = JSON.stringify({ ...line, value: value.toString('base64') });
      await writeFile(copy, lines.with(at, altered).join('\n'));
      const { code, report } = await audit('verify', '--json', '--file', copy);
      expect(code, `byte ${byte}`).toBe(1);
      expect(report.firstBad, `byte ${byte}`).toMatchObject({
        partition: line.partition,
        offset: Number(line.offset),
      });
    }
  });

  it('exports the log as lines and as a table, and parts of it by every filter', async () => {
    const { stamper } = stand;
    const now = BigInt(Date.now()) * 1_000n;
    const bob = { kind: 'service', issuer: 'https://test.prorata', subject: 'bob' } as const;
    await stand.append(
      stamper.stamp('application:moka', [created('moka/prod/b', contentOf())], {
        at: now,
        actor: bob,
      }),
      stamper.refuse('application:moka', 'QUOTA_EXISTS', { at: now, actor: bob }),
    );
    const [lines, table] = ['all.ndjson', 'all.parquet'].map((name) => path.join(directory, name));
    await eventually(async () => {
      expect((await audit('export', '--to', lines!)).report).toMatchObject({ records: 24 });
    });
    expect((await audit('export', '--to', table!)).report).toMatchObject({
      records: 24,
      unreadable: 0,
    });
    const told = (await entriesOf(lines!)).map(({ topic, partition, offset, hash }) =>
      [topic, partition, offset, hash].join(' '),
    );
    const rows = await queried(
      `SELECT concat_ws(' ', topic, partition, log_offset, coalesce(hash, '')) AS row FROM '${table!}'`,
    );
    expect(rows.map(({ row }) => row).sort()).toEqual(told.toSorted());
    expect(rows.map(({ row }) => row).sort()).toEqual((await standing()).toSorted());

    const from = new Date(Number(now / 1_000n)).toISOString();
    const filters: readonly (readonly [ExportValues, number])[] = [
      [{ from }, 3],
      [{ until: from }, 21],
      [{ stream: 'application:llm' }, 7],
      [{ actor: 'service:bob' }, 3],
      [{ quota: 'moka/prod' }, 4],
      [{ within: 'moka/prod' }, 6],
      [{ what: 'refusals', actor: 'alice' }, 3],
      [{ what: 'events,refusals', from }, 2],
    ];
    for (const [values, count] of filters) {
      const order = exportOrder({ ...values, to: path.join(directory, 'part.ndjson') });
      const { records } = await exportFile(order, stand.codec, (time, work) =>
        work(new LogSource(stand.port.log, stand.namespace, topicManifest.partitions.local, time)),
      );
      expect(records, JSON.stringify(values)).toBe(count);
    }
  });

  /** topic, partition, offset and hash of every record in the log. */
  async function standing(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const topic of ['quota.events', 'quota.outcomes']) {
      for (let partition = 0; partition < topicManifest.partitions.local; partition += 1) {
        const place = { topic: inNamespace(topic, stand.namespace), partition };
        await stand.port.log.readToEnd(place, 0n, async (records) => {
          for (const { offset, value } of records) {
            const isEvent = topic === 'quota.events';
            const hash = isEvent ? (await stand.codec.hash(value)).toString('hex') : '';
            found.push([topic, partition, offset, hash].join(' '));
          }
        });
      }
    }
    return found;
  }

  async function entriesOf(file: string) {
    const text = await readFile(file, 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry);
  }

  async function queried(sql: string) {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const rows = (await connection.runAndReadAll(sql)).getRowObjectsJson();
    connection.closeSync();
    instance.closeSync();
    return rows as { readonly row: string }[];
  }

  it('holds against an anchor, and not against an anchor of another past', async () => {
    const anchor = path.join(directory, 'anchor.json');
    expect((await audit('anchor', '--to', anchor)).code).toBe(0);
    expect((await audit('verify', '--json', '--anchor', anchor)).code).toBe(0);
    const text = await readFile(anchor, 'utf8');
    await writeFile(anchor, text.replace(/"streamVersion": "3"/, '"streamVersion": "4"'));
    const { code, report } = await audit('verify', '--json', '--anchor', anchor);
    expect(code).toBe(1);
    expect(report.firstBad).toMatchObject({ streamVersion: 4, offset: null });
  });

  it('answers a person in words, and with JSON only when asked', async () => {
    const { code, stdout } = await run('verify');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        '10 events in 3 streams: the chain holds.\n' +
        'Blind window: 10 events that no anchor speaks of; cut off or written anew, they would not be missed.\n',
    });
  });

  it('does not say that the chain of a stream holds which nobody knows', async () => {
    const { code, stdout, stderr } = await run('verify', '--json', '--stream', 'application:nope');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('no event of a stream application:nope');
  });

  it('prints how it is used', async () => {
    const [asked, bare] = [await run('--help'), await run()];
    expect(asked.code).toBe(0);
    expect(asked.stdout).toContain('usage: audit verify');
    expect(bare.code).toBe(2);
    expect(bare.stderr).toContain('usage: audit verify');
  });

  it('exits with 2 when the check cannot be done', async () => {
    await expect(audit('verify', '--file', '/nowhere')).rejects.toThrow('ENOENT');
    await expect(audit('guess')).rejects.toThrow('usage');
  });
});
