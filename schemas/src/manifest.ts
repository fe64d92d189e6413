import { readTopicManifest } from './readTopicManifest.ts';
import { mentions, namedSchemas, selfContained } from './schemaFiles.ts';

export type Compatibility = 'BACKWARD_TRANSITIVE' | 'FULL_TRANSITIVE' | 'NONE';
export type Principal =
  'gateway' | 'writer' | 'projector' | 'relay' | 'rightsizer' | 'host' | 'auditor';

export interface TopicEntry {
  /** `<application>` stands for an application's id. */
  readonly name: string;
  /** `stream`: as many as the deployment's streams have; a number: just so many. */
  readonly partitions: 'stream' | number;
  readonly key: string;
  readonly configuration: Readonly<Record<string, string>>;
  readonly compatibility: Compatibility;
  /** The folder of schemas/avro whose messages the topic carries; null: bytes as they came. */
  readonly schemas: string | null;
  readonly writers: readonly Principal[];
  readonly readers: readonly Principal[];
}

export interface TopicManifest {
  /** Partitions of every topic that is keyed by a stream: fixed for the life of the log. */
  readonly partitions: { readonly local: number; readonly cluster: number };
  readonly topics: readonly TopicEntry[];
}

export interface Subject {
  readonly subject: string;
  /** The self-contained Avro schema as JSON text. */
  readonly schema: string;
  readonly compatibility: Compatibility;
}

export const topicManifest = readTopicManifest() as TopicManifest;

/** A name as it stands in a shared cluster: prefixed by the namespace where there is one. */
export function inNamespace(name: string, namespace: string): string {
  return namespace === '' ? name : `${namespace}.${name}`;
}

export const rulesTopicOf = (application: string): string => `quota.rules.${application}`;

export const leasesTopicOf = (application: string): string => `quota.leases.${application}`;

/** Full names of a folder's messages: its records that no other record mentions. */
export function messagesIn(folder: string): readonly string[] {
  const parts = new Set([...namedSchemas.values()].flatMap((schema) => [...mentions(schema)]));
  return [...namedSchemas.keys()].filter(
    (name) =>
      name.startsWith(`io.prorata.${folder}.`) &&
      namedSchemas.get(name)?.type === 'record' &&
      !parts.has(name),
  );
}

/** The manifest's entry for a topic's name without its namespace. */
export function entryOf(topic: string): TopicEntry {
  const entry = topicManifest.topics.find((candidate) =>
    candidate.name.endsWith('<application>')
      ? topic.startsWith(candidate.name.slice(0, -'<application>'.length))
      : candidate.name === topic,
  );
  if (entry === undefined) throw new Error(`The manifest has no topic ${topic}.`);
  return entry;
}

/**
 * The subject of a message in a topic: TopicRecordNameStrategy, but that rule topics share one
 * subject per record, so that registering an application needs no write to the registry.
 */
export function subjectOf(topic: string, fullName: string, namespace: string): string {
  const entry = entryOf(topic);
  if (entry.name.endsWith('<application>')) return inNamespace(fullName, namespace);
  return `${inNamespace(topic, namespace)}-${fullName}`;
}

export function subjectsFor(topic: string, namespace: string): readonly Subject[] {
  const entry = entryOf(topic);
  if (entry.schemas === null) return [];
  return messagesIn(entry.schemas).map((fullName) => ({
    subject: subjectOf(topic, fullName, namespace),
    schema: JSON.stringify(selfContained(fullName)),
    compatibility: entry.compatibility,
  }));
}
