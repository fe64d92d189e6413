import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { AclEntry, Admin, ITopicMetadata, Kafka } from 'kafkajs';
import { LogUnavailable } from '../port.ts';
import type { AccessRule, LogAdmin, TopicDescription } from '../port.ts';
import { asLogError, faultOf, meansAbsentTopic } from './errors.ts';

// kafkajs is CommonJS, and Node does not see these among its named exports.
const {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  AssignerProtocol,
  ConfigResourceTypes,
  ResourcePatternTypes,
} = kafkajs;

/** A cluster's controller answers a topic change well within this, milliseconds. */
const topicChangeTimeoutMs = 30_000;
/** So often it is asked whether new topics have leaders. */
const LEADERS_POLL_MS = 50;
/** A topic that one broker still does not know after so long is taken to be absent. */
const HEARD_OF_WITHIN_MS = 5_000;

export async function openAdmin(
  kafka: Kafka,
  closed: (admin: LogAdmin) => void,
): Promise<LogAdmin> {
  const client = kafka.admin();
  try {
    await client.connect();
  } catch (error) {
    client.disconnect().catch(() => undefined);
    throw asLogError(error, 'Connecting an administrator');
  }
  const admin: LogAdmin = {
    describeTopics: (topics) => asked('Describing topics', () => describeTopics(client, topics)),
    listTopics: (prefix) =>
      asked('Listing topics', async () =>
        (await client.listTopics()).filter((topic) => topic.startsWith(prefix)).sort(),
      ),
    leadersOf: (topic) => asked('Asking for leaders', () => leadersOf(client, topic)),
    createTopics: (topics) => asked('Creating topics', () => createTopics(client, topics)),
    deleteTopics: (topics) => asked('Deleting topics', () => deleteTopics(client, topics)),
    listGroups: () =>
      asked('Listing groups', async () =>
        (await client.listGroups()).groups.map(({ groupId }) => groupId).sort(),
      ),
    ownedPartitions: (group, topic) =>
      asked('Describing a group', () => ownedPartitions(client, group, topic)),
    deleteGroups: (groups) => asked('Deleting groups', () => deleteGroups(client, groups)),
    allow: (rules) => asked('Setting access rules', () => allow(client, rules)),
    close: async () => {
      closed(admin);
      await client.disconnect();
    },
  };
  return admin;
}

async function asked<T>(doing: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw asLogError(error, doing);
  }
}

/** Topics that do not exist are left out. */
async function describeTopics(
  client: Admin,
  topics: readonly string[],
): Promise<TopicDescription[]> {
  const present = await existing(client, topics);
  if (present.length === 0) return [];
  const metadata = await client.fetchTopicMetadata({ topics: present });
  const { resources } = await client.describeConfigs({
    includeSynonyms: false,
    resources: present.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  return metadata.topics.map(({ name, partitions }) => {
    const entries =
      resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
    const configuration = Object.fromEntries(
      entries.map(({ configName, configValue }) => [configName, configValue]),
    );
    return { topic: name, partitions: partitions.length, configuration };
  });
}

async function existing(client: Admin, topics: readonly string[]): Promise<string[]> {
  const all = new Set(await client.listTopics());
  return topics.filter((topic) => all.has(topic));
}

async function createTopics(
  client: Admin,
  topics: Parameters<LogAdmin['createTopics']>[0],
): Promise<void> {
  const present = new Set(
    await existing(
      client,
      topics.map(({ topic }) => topic),
    ),
  );
  const absent = topics.filter(({ topic }) => !present.has(topic));
  if (absent.length === 0) return;
  await client.createTopics({
    waitForLeaders: false,
    timeout: topicChangeTimeoutMs,
    topics: absent.map(({ topic, partitions, replication, configuration }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: replication,
      configEntries: Object.entries(configuration).map(([name, value]) => ({ name, value })),
    })),
  });
  await leadersOfNew(
    client,
    absent.map(({ topic }) => topic),
  );
}

/** A new topic's leaders are waited for until each partition has one. */
async function leadersOfNew(client: Admin, topics: string[]): Promise<void> {
  const deadline = Date.now() + topicChangeTimeoutMs;
  for (;;) {
    const metadata = await metadataOf(client, topics, deadline);
    if (metadata.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))) return;
    if (Date.now() > deadline)
      throw new LogUnavailable(`No leaders of new topics after ${topicChangeTimeoutMs} ms`);
    await delay(LEADERS_POLL_MS);
  }
}

async function leadersOf(client: Admin, topic: string): Promise<number[]> {
  const metadata = await metadataOf(client, [topic], Date.now() + HEARD_OF_WITHIN_MS);
  const partitions = metadata.find(({ name }) => name === topic)?.partitions ?? [];
  return [...partitions]
    .sort((one, other) => one.partitionId - other.partitionId)
    .map(({ leader }) => leader);
}

/**
 * kafkajs asks any broker, and gives up at one that has not heard of the topic yet, as a busy one has
 * not for some milliseconds after the controller made it, though another broker has told of it before.
 */
async function metadataOf(
  client: Admin,
  topics: string[],
  deadline: number,
): Promise<ITopicMetadata[]> {
  for (;;) {
    try {
      return (await client.fetchTopicMetadata({ topics })).topics;
    } catch (error) {
      if (!meansNotYetThere(error) || Date.now() > deadline) throw error;
    }
    await delay(LEADERS_POLL_MS);
  }
}

function meansNotYetThere(error: unknown): boolean {
  return meansAbsentTopic(error) || faultOf(error).code === 'LEADER_NOT_AVAILABLE';
}

async function deleteTopics(client: Admin, topics: readonly string[]): Promise<void> {
  const present = await existing(client, topics);
  if (present.length > 0)
    await client.deleteTopics({ topics: present, timeout: topicChangeTimeoutMs });
}

/** kafkajs leaves out why a group could not be described: then its state is empty, and nobody owns. */
async function ownedPartitions(client: Admin, group: string, topic: string): Promise<number[]> {
  const { groups } = await client.describeGroups([group]);
  const members = groups.find(({ state }) => state === 'Stable')?.members ?? [];
  return members.flatMap(({ memberAssignment }) => {
    if (memberAssignment.length === 0) return [];
    return AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[topic] ?? [];
  });
}

/** Groups that do not exist are passed over. */
async function deleteGroups(client: Admin, groups: readonly string[]): Promise<void> {
  for (const group of groups) {
    try {
      await client.deleteGroups([group]);
    } catch (error) {
      const refusals = (error as { groups?: { error?: unknown }[] }).groups ?? [];
      const codes = refusals.map((refusal) => faultOf(refusal.error).code);
      if (codes.length === 0 || codes.some((code) => code !== 'GROUP_ID_NOT_FOUND')) throw error;
    }
  }
}

const resources = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional-id': AclResourceTypes.TRANSACTIONAL_ID,
  cluster: AclResourceTypes.CLUSTER,
} as const;

const patterns = {
  literal: ResourcePatternTypes.LITERAL,
  prefixed: ResourcePatternTypes.PREFIXED,
} as const;

const operations = {
  read: AclOperationTypes.READ,
  write: AclOperationTypes.WRITE,
  create: AclOperationTypes.CREATE,
  describe: AclOperationTypes.DESCRIBE,
  delete: AclOperationTypes.DELETE,
  alter: AclOperationTypes.ALTER,
  'describe-configs': AclOperationTypes.DESCRIBE_CONFIGS,
  'alter-configs': AclOperationTypes.ALTER_CONFIGS,
  'idempotent-write': AclOperationTypes.IDEMPOTENT_WRITE,
} as const;

/** Kafka keeps one copy of equal rules, so that setting them again changes nothing. */
async function allow(client: Admin, rules: readonly AccessRule[]): Promise<void> {
  const entries = rules.map(aclEntry);
  const last = entries.at(-1);
  if (last === undefined) return;
  await client.createAcls({ acl: entries });
  await heardOf(client, last);
}

/** The controller has taken the rules together; a broker refuses by its former ones until it has heard of them. */
async function heardOf(client: Admin, entry: AclEntry): Promise<void> {
  const deadline = Date.now() + HEARD_OF_WITHIN_MS;
  for (;;) {
    const { resources: found } = await client.describeAcls(entry);
    if (found.length > 0) return;
    if (Date.now() > deadline)
      throw new LogUnavailable(
        `No broker knows of new access rules after ${HEARD_OF_WITHIN_MS} ms`,
      );
    await delay(LEADERS_POLL_MS);
  }
}

function aclEntry({ principal, resource, name, pattern, operation }: AccessRule): AclEntry {
  return {
    principal: principal.includes(':') ? principal : `User:${principal}`,
    host: '*',
    resourceType: resources[resource],
    resourceName: name,
    resourcePatternType: patterns[pattern],
    operation: operations[operation],
    permissionType: AclPermissionTypes.ALLOW,
  };
}
