import { describe, expect, it } from 'vitest';
import { assertTopics, TopicsMismatch } from './assertTopics.ts';

const admin = (counts: Record<string, number>) => ({
  describeTopics: (names: readonly string[]) =>
    Promise.resolve(
      names.flatMap((topic) =>
        counts[topic] === undefined
          ? []
          : [{ topic, partitions: counts[topic], configuration: {} }],
      ),
    ),
});
const topics = ['quota.commands', 'quota.events', 'quota.outcomes'];

describe('the topics at start', () => {
  it('share one partition count', async () => {
    const counts = { 't1.quota.commands': 4, 't1.quota.events': 4, 't1.quota.outcomes': 4 };
    expect(await assertTopics(admin(counts), { namespace: 't1' }, topics)).toBe(4);
  });

  it('are refused with every difference', async () => {
    const counts = { 'quota.commands': 4, 'quota.events': 8 };
    const refused = assertTopics(admin(counts), { namespace: '' }, topics);
    await expect(refused).rejects.toThrow(TopicsMismatch);
    await expect(refused).rejects.toThrow(/quota\.events has 8.*quota\.outcomes does not exist/);
  });
});
