import type { LogAdmin, TopicDescription } from '@prorata/kafka-port';
import { entryOf, inNamespace } from '@prorata/schemas';

/** The cluster's topics are not what the manifest says: a person has to apply it, or to look. */
export class TopicsMismatch extends Error {
  override readonly name = 'TopicsMismatch';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The topics do not fit the manifest: ${problems.join('; ')}.`);
    this.problems = problems;
  }
}

/** Without these a topic does not hold what it must: everything else in its configuration is cost. */
const KEPT_BY = ['retention.ms', 'retention.bytes'];
const FOR_EVER = '-1';

/**
 * Topics keyed by a stream share one partition count, fixed for the life of the log: a differing
 * one would send a stream's command to one partition and look for its events in another. A topic that
 * is compacted, or deleted from, against the manifest loses what the log is the only record of.
 * @param topicNames without the namespace
 * @returns that count
 * @throws TopicsMismatch with every difference
 */
export async function assertTopics(
  admin: Pick<LogAdmin, 'describeTopics'>,
  settings: { readonly namespace: string },
  topicNames: readonly string[],
): Promise<number> {
  const names = topicNames.map((name) => inNamespace(name, settings.namespace));
  const described = new Map(
    (await admin.describeTopics(names)).map((topic) => [topic.topic, topic]),
  );
  const problems: string[] = [];
  let count: number | null = null;
  for (const name of topicNames) {
    const full = inNamespace(name, settings.namespace);
    const topic = described.get(full);
    const { partitions: wanted, configuration } = entryOf(name);
    if (topic === undefined) {
      problems.push(`${full} does not exist: apply the manifest first`);
      continue;
    }
    problems.push(...lossesOf(topic, configuration));
    const found = topic.partitions;
    if (typeof wanted === 'number') {
      if (found !== wanted)
        problems.push(`${full} has ${found} partitions and must have ${wanted}`);
    } else if (count === null) {
      count = found;
    } else if (found !== count) {
      problems.push(`${full} has ${found} partitions, others that are keyed by a stream ${count}`);
    }
  }
  if (problems.length > 0) throw new TopicsMismatch(problems);
  if (count === null) throw new TypeError('assertTopics needs a topic that is keyed by a stream.');
  return count;
}

/** A setting that the cluster does not tell is left to whoever applies the manifest. */
function lossesOf(
  { topic, configuration }: TopicDescription,
  wanted: Readonly<Record<string, string>>,
): string[] {
  const differs = (name: string): boolean =>
    configuration[name] !== undefined &&
    wanted[name] !== undefined &&
    configuration[name] !== wanted[name];
  return ['cleanup.policy', ...KEPT_BY.filter((name) => wanted[name] === FOR_EVER)]
    .filter(differs)
    .map((name) => `${topic} has ${name} ${configuration[name]} and must have ${wanted[name]}`);
}
