import { describe, expect, it } from 'vitest';
import { assertTopics, TopicsMismatch } from './assertTopics.ts';

const admin = (
  counts: Record<string, number>,
  configurations: Record<string, Record<string, string>> = {},
) => ({
  describeTopics: (names: readonly string[]) =>
    Promise.resolve(
      names.flatMap((topic) =>
        counts[topic] === undefined
          ? []
          : [{ topic, partitions: counts[topic], configuration: configurations[topic] ?? {} }],
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

  it.each([
    ['quota.events', 'cleanup.policy', 'compact'],
    ['quota.events', 'cleanup.policy', 'compact,delete'],
    ['quota.events', 'retention.ms', '604800000'],
    ['quota.events', 'retention.bytes', '1000000'],
    ['quota.outcomes', 'cleanup.policy', 'compact'],
  ])('are refused when %s would lose records: %s %s', async (topic, name, value) => {
    const counts = { 'quota.commands': 4, 'quota.events': 4, 'quota.outcomes': 4 };
    const described = admin(counts, { [topic]: { [name]: value } });
    const refused = assertTopics(described, { namespace: '' }, topics);
    await expect(refused).rejects.toThrow(`${topic} has ${name} ${value} and must have`);
  });

  it('may keep what is not for ever shorter or longer than the manifest says', async () => {
    const counts = { 'quota.commands': 4, 'quota.events': 4, 'quota.outcomes': 4 };
    const shorter = { 'quota.commands': { 'cleanup.policy': 'delete', 'retention.ms': '1000' } };
    expect(await assertTopics(admin(counts, shorter), { namespace: '' }, topics)).toBe(4);
  });
});
