import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { pythonTables, startS3Server } from '@prorata/test-kit';
import express from 'express';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { quarantineForm, usageForm } from '../table/rowForms.ts';
import { tenRecords } from '../table/testing/tenRecords.ts';
import { tablePlaces, UsageDatabase } from '../table/usageDatabase.ts';
import { UsageReader } from '../table/usageReader.ts';
import { UsageTable } from '../table/usageTable.ts';
import { catalogRoutes } from './catalogRoutes.ts';
import { ServedTables } from './servedTables.ts';

const run = promisify(execFile);
/** The other engine, in Python as the server is, needs some of the processor too. */
const COMMIT_EVERY_MS = 100;
const topic = { name: 'usage.events', partitions: 1 };
const program = path.join(import.meta.dirname, '../../../docs/how-to/examples/read-usage.py');

describe('the catalog of the tables', () => {
  let root: string;
  let url: string;
  let server: Server;

  beforeEach(async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'reader');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'reader-secret');
    root = await mkdtemp(path.join(os.tmpdir(), 'catalog-'));
    return () => rm(root, { recursive: true, force: true });
  });

  async function serve(tables: ServedTables): Promise<void> {
    const app = express();
    catalogRoutes(app, tables);
    server = await new Promise((resolve) => {
      const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/iceberg`;
  }

  const get = (place: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${url}/v1/${place}`, { method, headers });

  it('says what there is and what there is not, in the words of the protocol', async () => {
    const places = await tablePlaces(root);
    const database = await UsageDatabase.open(places.root);
    await serve(new ServedTables(places.storage, [usageForm.name, quarantineForm.name]));
    const tables = 'namespaces/prorata/tables';
    expect(await (await get(tables)).json()).toEqual({ identifiers: [] });
    const table = await UsageTable.open({ database, places, topic });
    let claim = await table.takeOver(0);
    claim = await table.commit(claim, tenRecords(0));
    expect(await (await get(tables)).json()).toMatchObject({
      identifiers: expect.arrayContaining([{ namespace: ['prorata'], name: 'usage' }]) as unknown,
    });
    const first = await get(`${tables}/usage`);
    const etag = first.headers.get('etag')!;
    const loaded = (await first.json()) as { 'metadata-location': string };
    const location = loaded['metadata-location'];
    expect(location).toMatch(/^file:\/\/.*\/usage\/metadata\/v\d+\.metadata\.json$/);
    expect((await get(`${tables}/usage`, { 'if-none-match': etag })).status).toBe(304);
    await table.commit(claim, tenRecords(1));
    expect((await get(`${tables}/usage`, { 'if-none-match': etag })).status).toBe(200);
    for (const place of ['namespaces/prorata', `${tables}/usage`])
      expect((await get(place, {}, 'HEAD')).status, place).toBe(204);
    for (const place of ['namespaces/other', 'namespaces/other/tables', 'namespaces?parent=other'])
      expect(await (await get(place)).json(), place).toMatchObject({
        error: { type: 'NoSuchNamespaceException', code: 404 },
      });
    const missing = await get(`${tables}/secrets`);
    expect(missing.status).toBe(404);
    expect(await missing.json()).toMatchObject({ error: { type: 'NoSuchTableException' } });
    database.close();
    server.close();
  });

  it('lets another engine read the table from S3 while commits go on, and has what it read', async (context) => {
    const python = await pythonTables();
    const s3 = await startS3Server();
    if ('missing' in python) return context.skip(`skipped: ${python.missing}`);
    if ('missing' in s3) return context.skip(`skipped: ${s3.missing}`);
    await s3.makeBucket('usage-bucket');
    const places = await tablePlaces(root, {
      location: 's3://usage-bucket/of/us',
      s3: { endpoint: s3.endpoint, region: null, pathStyle: null },
      cacheMb: 64,
    });
    const database = await UsageDatabase.open(places.root);
    await serve(new ServedTables(places.storage, [usageForm.name, quarantineForm.name]));
    const table = await UsageTable.open({ database, places, topic });
    let claim = await table.takeOver(0);
    claim = await table.commit(claim, tenRecords(0));
    const reader = { isDone: false };
    const env = { ...process.env, PRORATA_URL: url.replace('/v1/iceberg', ''), PRORATA_TOKEN: 't', AWS_ENDPOINT_URL: s3.endpoint, AWS_REGION: 'us-east-1' }; // prettier-ignore
    const reading = run(python.python, [program, '--looks', '3'], { env }).finally(() => {
      reader.isDone = true;
    });
    let committed = 1;
    while (!reader.isDone && committed < 500) {
      claim = await table.commit(claim, tenRecords(committed++));
      await sleep(COMMIT_EVERY_MS);
    }
    const looks = (await reading).stdout.trim().split('\n');
    const read = looks.map((line) => JSON.parse(line) as { rows: number; used: number });
    expect(read).toHaveLength(3);
    for (const { rows, used } of read) {
      expect(rows % 10).toBe(0);
      expect(used).toBe((rows * (rows - 1)) / 2);
    }
    expect(read.at(-1)!.rows).toBeGreaterThan(read[0]!.rows);
    expect(read.at(-1)!.rows).toBeLessThanOrEqual(committed * 10);

    // And so do we, through the cache, which may go at any time.
    await rm(path.join(root, 'cache'), { recursive: true });
    const ours = (await new UsageReader(database, places).newest())!;
    const [sum] = await ours.ask('SELECT count(*) AS rows, sum(used) AS used FROM usage');
    const all = BigInt(committed * 10);
    expect(sum).toEqual({ rows: all, used: (all * (all - 1n)) / 2n });
    expect(await readdir(root)).not.toContain('usage');
    database.close();
    await places.close();
    await s3.stop();
    server.close();
  });
});
