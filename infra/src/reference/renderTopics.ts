import { messagesIn, topicManifest } from '@prorata/schemas';
import { cell } from './jsonForm.ts';

/** docs/reference/topics.md. */
export function renderTopics(): string {
  const { local, cluster } = topicManifest.partitions;
  const parts = topicManifest.topics.map((topic) => {
    const partitions =
      topic.partitions === 'stream'
        ? `${local} locally, ${cluster} on a cluster`
        : topic.partitions;
    const messages =
      topic.schemas === null
        ? 'none: the bytes as they came'
        : messagesIn(topic.schemas)
            .map((name) => `\`${name}\``)
            .join(', ');
    const configuration = Object.entries(topic.configuration).map(
      ([key, value]) => `\`${key}=${value}\``,
    );
    const rows: readonly (readonly [string, string])[] = [
      ['key', cell(topic.key)],
      ['partitions', String(partitions)],
      ['configuration', configuration.join(', ')],
      ['messages', messages],
      ['compatibility', `\`${topic.compatibility}\``],
      ['written by', principals(topic.writers)],
      ['read by', principals(topic.readers)],
    ];
    const table = rows.map(([name, text]) => `| ${name} | ${text} |`).join('\n');
    return `## ${cell(topic.name)}\n\n| | |\n|---|---|\n${table}`;
  });
  return [introduction, ...parts].join('\n\n') + '\n';
}

const principals = (names: readonly string[]): string =>
  names.map((name) => `\`${name}\``).join(', ');

const introduction = `# Topics

Made from \`schemas/topics.json\` by \`npm run generate\`. Do not edit.

Values are Avro in the Confluent wire format. The subject of a message is \`<topic>-<message>\`; all rule topics
share one subject a message, its name. A stream's partition is murmur2(stream) modulo the number of
partitions, which is fixed for the life of the log; [\`anchor:N\`](anchors.md) is in partition N. Who writes and reads is enforced by Kafka's access
rules; each name is a user of the local stack. In a namespace (\`PRORATA_NAMESPACE\`) every name begins with it.
[How to read them with a client of your own](../how-to/read-a-topic-with-your-own-client.md).`;
