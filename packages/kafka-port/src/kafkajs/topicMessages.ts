import type { Message, TopicMessages } from 'kafkajs';
import type { OutRecord } from '../port.ts';

/** Groups records by topic as kafkajs sends them; within a partition the order stays. */
export function topicMessages(records: readonly OutRecord[]): TopicMessages[] {
  const byTopic = new Map<string, Message[]>();
  for (const { topic, partition, key, value, headers } of records) {
    const messages = byTopic.get(topic) ?? [];
    messages.push({ partition, key, value, ...(headers ? { headers: { ...headers } } : {}) });
    byTopic.set(topic, messages);
  }
  return Array.from(byTopic, ([topic, messages]) => ({ topic, messages }));
}
