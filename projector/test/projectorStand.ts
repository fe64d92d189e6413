import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectKafka } from '@prorata/kafka-port';
import type { LogPort, OutRecord, PartitionWriter } from '@prorata/kafka-port';
import { Codec, inNamespace, registryIds, topicManifest } from '@prorata/schemas';
import type { Message } from '@prorata/schemas';
import { readSettings } from '@prorata/service-runtime';
import type { Settings } from '@prorata/service-runtime';
import { freshNamespace, kafkaConnection, sharedStack } from '@prorata/test-kit';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import pg from 'pg';
import { listGenerations, schemaOf } from '../src/generations/generation.ts';
import { EventStamper, recordsOf } from './eventStamper.ts';
import type { Stamped } from './eventStamper.ts';

const ISSUER = 'https://issuer.test';

export interface Stand {
  readonly namespace: string;
  readonly stamper: EventStamper;
  readonly codec: Codec;
  readonly port: LogPort;
  readonly token: (roles: readonly string[], claims?: object) => Promise<string>;
  /** For a service of that Kafka user. */
  readonly environment: (user: 'projector' | 'auditor', databaseUrl: string) => NodeJS.ProcessEnv;
  readonly settings: (databaseUrl: string) => Settings;
  /** Appends as the one writer does: a command's events and its outcome in one transaction. */
  readonly append: (...commands: readonly Stamped[]) => Promise<void>;
  readonly appendRecords: (partition: number, records: readonly OutRecord[]) => Promise<void>;
  /** As hosts do, outside any transaction; what is no message goes as it is. */
  readonly report: (...reports: readonly (Message | Buffer)[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A namespace of its own on the shared stack, with a writer for tests. */
export async function openStand(): Promise<Stand> {
  const namespace = await freshNamespace({
    apply: ['quota.events', 'quota.outcomes', 'host.reports'],
  });
  const { subjectsUrl: registryUrl, brokers, passwords } = sharedStack();
  const port = connectKafka(kafkaConnection());
  const codec = new Codec(registryIds(registryUrl), namespace);
  const directory = await mkdtemp(path.join(os.tmpdir(), 'prorata-projector-'));
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwksFile = path.join(directory, 'jwks.json');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA' };
  await writeFile(jwksFile, JSON.stringify({ keys: [jwk] }));
  const writers = new Map<number, PartitionWriter>();
  const topic = inNamespace('quota.events', namespace);

  const appendRecords = async (partition: number, records: readonly OutRecord[]) => {
    let writer = writers.get(partition);
    if (writer === undefined) {
      const group = inNamespace('writer', namespace);
      writer = await port.writers.fence({ group, topic, partition });
      writers.set(partition, writer);
    }
    await writer.append(records);
  };
  const environment = (user: 'projector' | 'auditor', databaseUrl: string): NodeJS.ProcessEnv => ({
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD: passwords[user],
    SCHEMA_REGISTRY_URL: registryUrl,
    DATABASE_URL: databaseUrl,
    PRORATA_NAMESPACE: namespace,
    PRORATA_TOKEN_ISSUER: ISSUER,
    PRORATA_TOKEN_JWKS_FILE: jwksFile,
    PRORATA_LOG_LEVEL: process.env['PRORATA_LOG_LEVEL'] ?? 'silent',
  });
  return {
    namespace,
    stamper: new EventStamper(topicManifest.partitions.local),
    codec,
    port,
    environment,
    settings: (databaseUrl) => readSettings(environment('projector', databaseUrl)),
    token: (roles, claims = {}) =>
      new SignJWT({ kind: 'user', roles, ...claims })
        .setProtectedHeader({ alg: 'EdDSA', kid: 'k1' })
        .setIssuer(ISSUER)
        .setAudience('prorata')
        .setSubject('alice')
        .setExpirationTime('10m')
        .sign(privateKey),
    appendRecords,
    append: async (...commands) => {
      for (const command of commands) {
        await appendRecords(command.partition, await recordsOf(command, codec, namespace));
      }
    },
    report: async (...reports) => {
      const publisher = await port.publisher();
      const place = { topic: inNamespace('host.reports', namespace), partition: 0, key: null };
      const values = reports.map((report) =>
        Buffer.isBuffer(report) ? Promise.resolve(report) : codec.encode('host.reports', report),
      );
      await publisher.publish((await Promise.all(values)).map((value) => ({ ...place, value })));
      await publisher.close();
    },
    close: async () => {
      await Promise.all([...writers.values()].map((writer) => writer.close()));
      await port.close();
      await rm(directory, { recursive: true });
    },
  };
}

/**
 * Every column of every row of every table, sorted, whatever the number of the copy: of the live one
 * where there is a table of copies.
 */
export async function dumpOf(databaseUrl: string): Promise<Readonly<Record<string, string[]>>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ schema: string; name: string }>(
      `SELECT n.nspname AS schema, c.relname AS name
       FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname ~ '^(quotas|audit|hosts)_[0-9]+$'
       ORDER BY 2, 1`,
    );
    const live = await liveSchemas(client);
    const dump: Record<string, string[]> = {};
    for (const { schema, name } of tables) {
      if (live !== null && !live.includes(schema)) continue;
      const { rows } = await client.query<{ row: string }>(
        `SELECT t::text AS row FROM ${schema}."${name}" t ORDER BY 1`,
      );
      const key =
        name === 'projection_checkpoint' ? `${schema.replace(/_\d+$/, '')} ${name}` : name;
      dump[key] = rows.map(({ row }) => row);
    }
    return dump;
  } finally {
    await client.end();
  }
}

async function liveSchemas(client: pg.Client): Promise<readonly string[] | null> {
  const { rows: known } = await client.query<{ name: string | null }>(
    `SELECT to_regclass('projector.generations') AS name`,
  );
  if (known[0]?.name === null) return null;
  const all = await listGenerations(client);
  return all.filter(({ state }) => state === 'live').map(schemaOf);
}

/** Asks until the answer satisfies; the last failure is the test's. */
export async function eventually(check: () => Promise<void>, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100);
    }
  }
}
