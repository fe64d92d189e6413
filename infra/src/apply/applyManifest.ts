import { LogRefused, connectKafka } from '@prorata/kafka-port';
import type { AccessRule, KafkaConnection, LogAdmin } from '@prorata/kafka-port';
import { inNamespace, subjectsFor, topicManifest } from '@prorata/schemas';
import type { Subject, TopicManifest } from '@prorata/schemas';
import { accessRules } from './accessRules.ts';
import type { Difference } from './difference.ts';
import { registryClient } from './registryClient.ts';
import type { RegistryClient } from './registryClient.ts';
import { applySubject, inspectSubject } from './subjectPlan.ts';
import type { SubjectFinding } from './subjectPlan.ts';
import { plannedTopics, topicDifferences } from './topicPlan.ts';
import type { PlannedTopic } from './topicPlan.ts';

export interface ApplyOptions {
  /** Of a user that may create topics and access rules. */
  readonly connection: KafkaConnection;
  readonly registryUrl: string;
  /** Empty by default. */
  readonly namespace?: string;
  /** The manifest's local count by default; fixed for the life of the log. */
  readonly streamPartitions?: number;
  /** 1 by default; 3 on a cluster; -1 leaves it to the broker's own default. */
  readonly replication?: number;
  readonly manifest?: TopicManifest;
  /** Another way to the registry; for tests. */
  readonly registry?: RegistryClient;
}

export type ApplyResult =
  | {
      readonly kind: 'applied';
      readonly topicsCreated: readonly string[];
      readonly subjectsRegistered: readonly string[];
      /** 0 where the cluster has no authorizer: then everybody may do everything. */
      readonly accessRules: number;
    }
  | {
      readonly kind: 'refused';
      readonly code: 'MANIFEST_MISMATCH';
      readonly differences: readonly Difference[];
    };

/** Requests to the registry at once: it answers them one by one, more only waits there. */
const registryConcurrency = 4;

async function eachOf<T, R>(items: readonly T[], step: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += registryConcurrency) {
    results.push(...(await Promise.all(items.slice(at, at + registryConcurrency).map(step))));
  }
  return results;
}

function allSubjects(manifest: TopicManifest, namespace: string): Subject[] {
  const subjects = manifest.topics.flatMap((entry) =>
    subjectsFor(entry.name, namespace).map((subject) => ({
      ...subject,
      compatibility: entry.compatibility,
    })),
  );
  return [...new Map(subjects.map((subject) => [subject.subject, subject])).values()];
}

async function inspectTopics(
  admin: LogAdmin,
  plan: readonly PlannedTopic[],
  namespace: string,
): Promise<{ absent: PlannedTopic[]; differences: Difference[] }> {
  const existing = new Set(await admin.listTopics(inNamespace('', namespace)));
  const absent = plan.filter(({ topic }) => !existing.has(topic));
  const present = plan.filter(({ topic }) => existing.has(topic));
  const found = await admin.describeTopics(present.map(({ topic }) => topic));
  const byName = new Map(found.map((description) => [description.topic, description]));
  const differences = present.flatMap((planned) => {
    const description = byName.get(planned.topic);
    return description === undefined ? [] : topicDifferences(planned, description);
  });
  return { absent, differences };
}

async function inspectSubjects(
  registry: RegistryClient,
  subjects: readonly Subject[],
): Promise<SubjectFinding[]> {
  return eachOf(subjects, async (subject) =>
    inspectSubject(registry, subject, await registry.exists(subject.subject)),
  );
}

/** @returns how many hold from now on: none on a cluster that checks nobody's rights. */
async function allow(admin: LogAdmin, rules: readonly AccessRule[]): Promise<number> {
  try {
    await admin.allow(rules);
    return rules.length;
  } catch (error) {
    if (error instanceof LogRefused && error.code === 'SECURITY_DISABLED') return 0;
    throw error;
  }
}

async function applyWith(admin: LogAdmin, options: ApplyOptions): Promise<ApplyResult> {
  const { namespace = '', manifest = topicManifest } = options;
  const registry = options.registry ?? registryClient(options.registryUrl);
  const plan = plannedTopics(manifest, {
    namespace,
    streamPartitions: options.streamPartitions ?? manifest.partitions.local,
    replication: options.replication ?? 1,
  });
  const [topics, findings] = await Promise.all([
    inspectTopics(admin, plan, namespace),
    inspectSubjects(registry, allSubjects(manifest, namespace)),
  ]);
  const differences = [
    ...topics.differences,
    ...findings.flatMap((finding) => finding.differences),
  ];
  if (differences.length > 0) return { kind: 'refused', code: 'MANIFEST_MISMATCH', differences };
  const makeLog = async (): Promise<number> => {
    if (topics.absent.length > 0) await admin.createTopics(topics.absent);
    return allow(admin, accessRules(manifest, namespace));
  };
  const [rules, registered] = await Promise.all([
    makeLog(),
    eachOf(findings, async (finding) =>
      (await applySubject(registry, finding)) ? [finding.subject.subject] : [],
    ),
  ]);
  return {
    kind: 'applied',
    topicsCreated: topics.absent.map(({ topic }) => topic),
    subjectsRegistered: registered.flat(),
    accessRules: rules,
  };
}

/**
 * Makes the topics, subjects and access rules of the manifest where they are absent; a second run
 * changes nothing. When anything that exists differs, nothing at all is changed and every
 * difference is returned: half an application would be harder to judge than none.
 * @throws RegistryFailed, LogUnavailable, LogRefused
 */
export async function applyManifest(options: ApplyOptions): Promise<ApplyResult> {
  const port = connectKafka(options.connection);
  try {
    return await applyWith(await port.admin(), options);
  } finally {
    await port.close();
  }
}
