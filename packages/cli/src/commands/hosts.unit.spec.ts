import { describe, expect, it } from 'vitest';
import type { Json } from '../plan/json.ts';
import { hostLines } from './hosts.ts';
import { lookUps } from './lookUps.ts';

const host = (row: Json): Json => ({
  ...{ application: 'moka', hostId: 'h1', zone: null, state: 'current', source: 'kafka' },
  ...{ desiredOffset: 7, deliveredOffset: 7, appliedOffset: 7, behindSince: null },
  ...{ rejectedRules: 0, sdkVersion: '0.1.0', heardAt: '2026-03-02T10:00:00.000Z' },
  ...row,
});

describe('hosts for people', () => {
  it('are told with the versions, what they add up to, and nothing to do where nothing is wrong', () => {
    const lines = hostLines([host({ zone: 'eu-1a' }), host({ hostId: 'h2' })]);
    expect(lines[0]).toMatch(/^HOST +APPLICATION +ZONE +STATE +DESIRED +DELIVERED +APPLIED /);
    expect(lines[1]).toMatch(/^h1 +moka +eu-1a +current +7 +7 +7 +- +kafka +2026-03-02/);
    expect(lines.slice(-2)).toEqual(['', '2 hosts: 2 current']);
  });

  it('say whether it is the relay or the host that lacks a change', () => {
    const behind = { state: 'drifted', appliedOffset: 5, behindSince: '2026-03-02T09:00:00.000Z' };
    expect(hostLines([host({ ...behind, deliveredOffset: 5 })]).at(-1)).toContain(
      'The relay has not brought the rules of moka up to event 7 yet: ./prorata status',
    );
    expect(hostLines([host(behind)]).at(-1)).toContain('h1 has been sent what it lacks');
    expect(hostLines([host({ ...behind, deliveredOffset: null })]).at(-1)).toContain('The relay');
  });

  it('say what to look at of each other trouble, once', () => {
    const lines = hostLines([
      host({ state: 'refused', rejectedRules: 2 }),
      host({ state: 'silent' }),
      host({ hostId: 'h9', state: 'silent' }),
      host({ state: 'unregistered', desiredOffset: null }),
    ]);
    const [sum, ...steps] = lines.slice(lines.indexOf('') + 1);
    expect(sum).toBe('4 hosts: 1 refused, 2 silent, 1 unregistered');
    expect(steps).toHaveLength(3);
    expect(steps[0]).toContain('h1 could not take 2 of its rules');
  });

  it('are none where none has reported', () => {
    expect(hostLines([])).toEqual(['No such host has reported within a day.']);
  });
});

describe('targets for people', () => {
  it('are told with the versions and what hinders them', () => {
    const row = {
      ...{ application: 'moka', dispatcher: 'scheduler', kind: 'yunikorn', target: 'a/b' },
      ...{ state: 'refused', desiredOffset: 9, deliveredOffset: 7, appliedOffset: null },
      problem: 'no queue root.a',
    };
    const cells = Object.values(lookUps['targets']?.columns ?? {}).map((textOf) => textOf(row));
    expect(cells).toEqual([
      ...['moka', 'scheduler', 'yunikorn', 'a/b', 'refused', '9', '7', '-', 'no queue root.a'],
    ]);
  });
});
