import { inNamespace, rulesTopicOf, toJson, fullNameOf } from '@prorata/schemas';
import { connectLog, createCodec, readLogSettings } from '@prorata/service-runtime';
import type { LogPort } from '@prorata/kafka-port';
import pg from 'pg';
import { applyManifest } from '../apply/applyManifest.ts';
import type { LocalStack } from '../localStack.ts';

/** Groups whose committed offsets are hints, so that deleting them must change nothing. */
const GROUPS = ['command-service', 'enforcer-relay', 'usage-sink'];
/** Those of the projector are named after its copies. */
const PROJECTOR_GROUPS_PREFIX = 'projector-';
const RULES_PREFIX = rulesTopicOf('');

async function withLog<T>(stack: LocalStack, use: (port: LogPort) => Promise<T>): Promise<T> {
  const settings = readLogSettings(stack.environmentOf('admin'));
  const port = connectLog(settings, 'demo');
  try {
    return await use(port);
  } finally {
    await port.close();
  }
}

/** The last rule of every quota of every application, as JSON text by topic and key. */
export async function dumpRules(stack: LocalStack): Promise<ReadonlyMap<string, string>> {
  const codec = createCodec(readLogSettings(stack.environmentOf('admin')));
  return withLog(stack, async (port) => {
    const rules = new Map<string, string>();
    const admin = await port.admin();
    const topics = await admin.listTopics(inNamespace(RULES_PREFIX, ''));
    await admin.close();
    for (const topic of topics) {
      const place = { topic, partition: 0 };
      await port.log.readToEnd(place, await port.log.beginningOffset(place), async (records) => {
        for (const record of records) {
          const key = `${topic} ${record.key?.toString() ?? ''}`;
          if (record.value === null) {
            rules.delete(key);
            continue;
          }
          const { type, value } = await codec.decode(record.value);
          rules.set(key, JSON.stringify(toJson(fullNameOf[type], value)));
        }
      });
    }
    return rules;
  });
}

/** Events in all partitions of the log, control records not counted. */
export function eventsInLog(stack: LocalStack): Promise<number> {
  return withLog(stack, (port) => recordsIn(port, inNamespace('quota.events', '')));
}

async function recordsIn(port: LogPort, topic: string): Promise<number> {
  const admin = await port.admin();
  const [description] = await admin.describeTopics([topic]);
  await admin.close();
  let count = 0;
  for (let partition = 0; partition < (description?.partitions ?? 0); partition += 1) {
    const place = { topic, partition };
    await port.log.readToEnd(place, await port.log.beginningOffset(place), (records) => {
      count += records.length;
    });
  }
  return count;
}

export interface Deleted {
  readonly topics: readonly string[];
  /** Records that quota.snapshots held. */
  readonly snapshots: number;
  readonly groups: readonly string[];
}

/** Deletes all that is derived from the log, and makes the empty topics that the manifest names. */
export async function deleteDerived(stack: LocalStack): Promise<Deleted> {
  const client = new pg.Client({ connectionString: stack.addresses.postgres });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select nspname as name from pg_namespace
       where nspname !~ '^pg_' and nspname <> 'information_schema'`,
    );
    const schemas = rows.map(({ name }) => `"${name}"`).join(', ');
    await client.query(`drop schema ${schemas} cascade; create schema public`);
  } finally {
    await client.end();
  }
  const deleted = await withLog(stack, async (port) => {
    const snapshotsTopic = inNamespace('quota.snapshots', '');
    const snapshots = await recordsIn(port, snapshotsTopic);
    const admin = await port.admin();
    const topics = await admin.listTopics(inNamespace(RULES_PREFIX, ''));
    await admin.deleteTopics([...topics, snapshotsTopic]);
    const groups = (await admin.listGroups()).filter(
      (group) =>
        GROUPS.some((name) => group === inNamespace(name, '')) ||
        group.startsWith(inNamespace(PROJECTOR_GROUPS_PREFIX, '')),
    );
    await admin.deleteGroups(groups);
    await admin.close();
    return { topics, snapshots, groups };
  });
  await applyManifest(stack.manifestTarget);
  return deleted;
}
