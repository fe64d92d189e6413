import { describe, expect, it } from 'vitest';
import { LeadersDiffer, meansLeadersDiffer, OneLeader } from './oneLeader.ts';

const record = (topic: string, partition: number) => ({
  topic,
  partition,
  key: null,
  value: null,
});

/** What kafkajs asks in one attempt: for every record, with the leaders of its topic's partitions. */
function attempt(
  one: OneLeader,
  records: readonly ReturnType<typeof record>[],
  leaders: Readonly<Record<string, readonly number[]>>,
): number[] {
  const partitioner = one.partitioner();
  return records.map(({ topic, partition }) => {
    const partitionMetadata = (leaders[topic] ?? []).map((leader, partitionId) => {
      return { partitionErrorCode: 0, partitionId, leader, replicas: [], isr: [] };
    });
    return partitioner({ topic, message: { partition, value: null }, partitionMetadata });
  });
}

const events = record('events', 1);
const outcomes = record('outcomes', 1);

describe('a send', () => {
  it('goes to the partitions that its records name, when one broker leads them', () => {
    const one = new OneLeader(() => false);
    one.begin();
    expect(attempt(one, [events, outcomes], { events: [1, 2], outcomes: [3, 2] })).toEqual([1, 1]);
    expect(one.groupsOf([events, outcomes, events])).toEqual([[events, outcomes, events]]);
  });

  it('is stopped before anything is sent when several lead them, and then grouped by leader', () => {
    const one = new OneLeader(() => false);
    const leaders = { events: [1, 2], outcomes: [3, 3] };
    one.begin();
    expect(() => attempt(one, [events, outcomes], leaders)).toThrow(LeadersDiffer);
    expect(one.groupsOf([events, outcomes, events])).toEqual([[events, events], [outcomes]]);
    for (const group of [[events], [outcomes]]) {
      one.begin();
      expect(attempt(one, group, leaders)).toEqual([1]);
    }
  });

  it('is stopped when a leader moves between two of its attempts', () => {
    const one = new OneLeader(() => false);
    one.begin();
    attempt(one, [events], { events: [1, 2] });
    expect(() => attempt(one, [events], { events: [1, 3] })).toThrow(LeadersDiffer);
    one.begin();
    expect(attempt(one, [events], { events: [1, 3] })).toEqual([1]);
  });

  it('of a producer that was given up does not go out, and none without a partition does', () => {
    const given = new OneLeader(() => true);
    expect(() => attempt(given, [events], {})).toThrow('given up');
    const partitioner = new OneLeader(() => false).partitioner();
    expect(() =>
      partitioner({ topic: 'events', message: { value: null }, partitionMetadata: [] }),
    ).toThrow(RangeError);
  });

  it('is known to have been stopped through what kafkajs wraps around it', () => {
    const wrapped = new Error('outer', {
      cause: new Error('inner', { cause: new LeadersDiffer() }),
    });
    expect([meansLeadersDiffer(wrapped), meansLeadersDiffer(new Error('x'))]).toEqual([
      true,
      false,
    ]);
  });
});
