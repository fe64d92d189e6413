import { describe, expect, it } from 'vitest';
import type { BadEvent } from './finding.ts';
import { reportText } from './reportText.ts';
import type { Checked } from './reportText.ts';

const whole: Checked = {
  ...{ events: 1, streams: 1, firstBad: null, anchors: 1, heads: new Map() },
  ...{ blind: { events: 1, since: null }, signatures: 'checked' },
};
const bad: BadEvent = {
  ...{ topic: 'quota.events', partition: 3, offset: 7n, stream: 'application:moka' },
  ...{ streamVersion: 6n, problem: 'it is wrong' },
};
const told = (more: Partial<BadEvent>): string =>
  reportText({ ...whole, firstBad: { ...bad, ...more } });

describe('what an audit found, in words', () => {
  it('counts one event as one', () => {
    expect(reportText(whole)).toBe(
      '1 event in 1 stream: the chain holds. 1 anchor holds; signatures were checked.\n' +
        'Blind window: 1 event that no anchor speaks of; cut off or written anew, it would not be missed.',
    );
  });

  it('names the offset of a record that is there', () => {
    const place = 'quota.events partition 3, offset 7, stream application:moka';
    expect(told({})).toBe(`First bad record: ${place}: it is wrong.`);
  });

  it('says of an event that was dropped which one is missing', () => {
    expect(told({ offset: null })).toContain(
      'stream application:moka, version 6, which is missing: it is wrong.',
    );
  });

  it('leaves out what nobody knows', () => {
    const nowhere = { partition: null, offset: null, stream: null, streamVersion: null };
    expect(told(nowhere)).toBe('First bad record: quota.events: it is wrong.');
  });
});
