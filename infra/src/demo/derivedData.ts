import { inNamespace, rulesTopicOf, toJson, fullNameOf } from '@prorata/schemas';
import { connectLog, createCodec, readLogSettings } from '@prorata/service-runtime';
import type { LogPort } from '@prorata/kafka-port';
import pg from 'pg';
import { applyManifest } from '../apply/applyManifest.ts';
import type { LocalStack } from '../localStack.ts';

/** Groups whose committed offsets are hints, so that deleting them must change nothing. */
const GROUPS = ['command-service', 'projector', 'enforcer-relay', 'usage-sink'];
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
export async function eventsInLog(stack: LocalStack): Promise<number> {
  return withLog(stack, async (port) => {
    const topic = inNamespace('quota.events', '');
    const admin = await port.admin();
    const [description] = await admin.describeTopics([topic]);
    await admin.close();
    let events = 0;
    for (let partition = 0; partition < (description?.partitions ?? 0); partition += 1) {
      await port.log.readToEnd({ topic, partition }, 0n, (records) => {
        events += records.length;
      });
    }
    return events;
  });
}

/** Deletes all that is derived from the log. @returns what, in words. */
export async function deleteDerived(stack: LocalStack): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: stack.addresses.postgres });
  await client.connect();
  try {
    await client.query('drop schema public cascade; create schema public');
  } finally {
    await client.end();
  }
  const deleted = await withLog(stack, async (port) => {
    const admin = await port.admin();
    const topics = await admin.listTopics(inNamespace(RULES_PREFIX, ''));
    await admin.deleteTopics([...topics, inNamespace('quota.snapshots', '')]);
    const groups = (await admin.listGroups()).filter((group) =>
      GROUPS.some((name) => group === inNamespace(name, '')),
    );
    await admin.deleteGroups(groups);
    await admin.close();
    return { topics, groups };
  });
  await applyManifest(stack.manifestTarget);
  return [
    'every table',
    'quota.snapshots',
    ...deleted.topics,
    `offsets of ${deleted.groups.join(', ')}`,
  ];
}
