/**
 * The part of `bench projection` that needs the projector's own code: a process with the environment
 * of somebody who may write events and own tables, and the number of events as its argument. Prints a line of
 * JSON a figure.
 */
import { mkdtemp, chmod, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogPort } from '@prorata/kafka-port';
import { inNamespace, topicManifest } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import {
  connectLog,
  createCodec,
  createLogger,
  readSettings,
  requireSetting,
} from '@prorata/service-runtime';
import type pg from 'pg';
import { createTables } from '../database/createTables.ts';
import { FILLING, openPool } from '../database/openPool.ts';
import { projections } from '../generations/projections.ts';
import type { ProjectionDefinition } from '../generations/projections.ts';
import { OwnedPartition } from '../partition/ownedPartition.ts';
import { writeBenchLog } from './benchLog.ts';

const TOPIC = 'quota.events';
const partitions = topicManifest.partitions.local;
/** How long one transaction per event is tried, milliseconds: nobody would wait for all of them. */
const SINGLE_MS = 8_000;

interface Line {
  readonly figure: string;
  /** Absent where a part begins. */
  readonly unit?: string;
  readonly ours?: number;
}

const say = (line: Line): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

interface Parts {
  readonly port: LogPort;
  readonly codec: Codec;
  readonly namespace: string;
  readonly databaseUrl: string;
}

interface Copy {
  readonly definition: ProjectionDefinition;
  readonly schema: string;
}

/** Of what is filled from events: what hosts report is no part of the log. */
async function newCopies(pool: pg.Pool, number: number): Promise<readonly Copy[]> {
  const filled = projections.filter(({ topics }) => topics.some(({ topic }) => topic === TOPIC));
  const copies = filled.map((definition) => ({
    definition,
    schema: `${definition.name}_${number}`,
  }));
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    for (const { definition, schema } of copies) {
      await createTables(client, definition, { schema, partitions });
    }
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  return copies;
}

/** @returns records applied to the copy that got the fewest, and the seconds that it took */
async function fill(
  parts: Parts,
  copies: readonly Copy[],
  { recordsPerBatch, limitMs }: { readonly recordsPerBatch?: number; readonly limitMs?: number },
): Promise<{ readonly records: number; readonly seconds: number; readonly processorMs: number }> {
  const { port, codec, namespace, databaseUrl } = parts;
  const counts = new Map(copies.map(({ schema }) => [schema, 0]));
  const pools: pg.Pool[] = [];
  const owned: OwnedPartition[] = [];
  for (const { definition, schema } of copies) {
    const newProjection = definition.topics.find(({ topic }) => topic === TOPIC)?.newProjection;
    if (newProjection === undefined) continue;
    const pool = openPool(databaseUrl, () => undefined, {
      schemas: [schema],
      settings: FILLING,
    });
    pools.push(pool);
    for (let partition = 0; partition < partitions; partition += 1) {
      owned.push(
        new OwnedPartition(
          { topic: inNamespace(TOPIC, namespace), partition },
          {
            log: port.log,
            codec,
            pool,
            logger: createLogger('bench', 'warn'),
            checkpoint: { projection: definition.name, topic: TOPIC, partition },
            newProjection: () => newProjection(TOPIC, partition),
            rejoin: () => {
              throw new Error('Somebody else fills the copy.');
            },
            applied: (records) => counts.set(schema, (counts.get(schema) ?? 0) + records),
            ...(recordsPerBatch === undefined ? {} : { recordsPerBatchMax: recordsPerBatch }),
          },
        ),
      );
    }
  }
  const startedMs = performance.now();
  const cpu = process.cpuUsage();
  const all = Promise.all(owned.map((each) => each.restore()));
  if (limitMs !== undefined) {
    await sleep(limitMs);
    for (const each of owned) each.revoke();
  }
  await all;
  const seconds = (performance.now() - startedMs) / 1_000;
  const used = process.cpuUsage(cpu);
  const troubles = owned.flatMap(({ stop }) => (stop === null ? [] : [stop.cause.message]));
  if (troubles.length > 0) throw new Error(troubles.join('; '));
  await Promise.all(pools.map((pool) => pool.end()));
  const processorMs = (used.user + used.system) / 1_000;
  return { records: Math.min(...counts.values()), seconds, processorMs };
}

/** The same rows into the same tables with the same indexes, by COPY from files that the server reads. */
async function copyRows(
  pool: pg.Pool,
  from: readonly Copy[],
  to: readonly Copy[],
): Promise<{ readonly rows: number; readonly seconds: number }> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-bench-'));
  // The server may be another user's.
  await chmod(directory, 0o777);
  try {
    const tables = from.flatMap(({ definition, schema }, index) =>
      definition.tables.map(({ name, columns }) => ({
        from: `${schema}.${name}`,
        to: `${to[index]?.schema ?? ''}.${name}`,
        // Those that the server computes by itself apart.
        columns: Object.keys(columns)
          .map((column) => `"${column}"`)
          .join(', '),
        file: path.join(directory, `${schema}.${name}`),
      })),
    );
    for (const table of tables) {
      await pool.query(`COPY (SELECT ${table.columns} FROM ${table.from}) TO '${table.file}'`);
    }
    await makePartitions(pool, from, to);
    say({ figure: 'copying' });
    const startedMs = performance.now();
    let rows = 0;
    for (const table of tables) {
      rows +=
        (await pool.query(`COPY ${table.to} (${table.columns}) FROM '${table.file}'`)).rowCount ??
        0;
    }
    return { rows, seconds: (performance.now() - startedMs) / 1_000 };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Those of the audit log that the rows of the other copies are in. */
async function makePartitions(
  pool: pg.Pool,
  from: readonly Copy[],
  to: readonly Copy[],
): Promise<void> {
  for (const [index, { schema }] of from.entries()) {
    const { rows } = await pool.query<{ name: string; bounds: string }>(
      `SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
       FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND c.relispartition AND c.relkind = 'r' AND c.relname ~ '[0-9]$'`,
      [schema],
    );
    const copy = to[index]?.schema ?? '';
    for (const { name, bounds } of rows) {
      await pool.query(`CREATE TABLE ${copy}.${name} PARTITION OF ${copy}.audit_log ${bounds}`);
    }
  }
}

async function main(events: number): Promise<void> {
  const settings = readSettings();
  const databaseUrl = requireSetting(settings.databaseUrl, 'DATABASE_URL', 'the tables’ database');
  const port = connectLog(settings, 'bench');
  const codec = createCodec(settings);
  const parts = { port, codec, namespace: settings.namespace, databaseUrl };
  const pool = openPool(databaseUrl, () => undefined);
  try {
    const startedMs = performance.now();
    await writeBenchLog(port, codec, { namespace: settings.namespace, events });
    say({ figure: 'written', unit: 's', ours: (performance.now() - startedMs) / 1_000 });
    const [single, ours, copied] = [
      await newCopies(pool, 1),
      await newCopies(pool, 2),
      await newCopies(pool, 3),
    ];
    const one = await fill(parts, single, { recordsPerBatch: 1, limitMs: SINGLE_MS });
    say({ figure: 'single', unit: '1/s', ours: one.records / one.seconds });
    say({ figure: 'filling' });
    const all = await fill(parts, ours, {});
    if (all.records !== events) throw new Error(`${all.records} of ${events} events were applied.`);
    say({ figure: 'ours', unit: '1/s', ours: events / all.seconds });
    say({ figure: 'processor', unit: 'µs', ours: (all.processorMs * 1_000) / events });
    const copy = await copyRows(pool, ours, copied);
    say({ figure: 'copy', unit: '1/s', ours: events / copy.seconds });
    say({ figure: 'rows', unit: 'rows', ours: copy.rows });
  } finally {
    await pool.end();
    await port.close();
  }
}

await main(Number(process.argv[2]));
