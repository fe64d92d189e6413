import type { LogAdmin } from '@prorata/kafka-port';
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

/**
 * Topics keyed by a stream share one partition count, fixed for the life of the log: a differing
 * one would send a stream's command to one partition and look for its events in another.
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
    (await admin.describeTopics(names)).map((topic) => [topic.topic, topic.partitions]),
  );
  const problems: string[] = [];
  let count: number | null = null;
  for (const name of topicNames) {
    const full = inNamespace(name, settings.namespace);
    const found = described.get(full);
    const wanted = entryOf(name).partitions;
    if (found === undefined) {
      problems.push(`${full} does not exist: apply the manifest first`);
    } else if (typeof wanted === 'number') {
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
