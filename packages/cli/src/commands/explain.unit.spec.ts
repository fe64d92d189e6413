import { describe, expect, it } from 'vitest';
import { evidenceLines, nothingText, rolloutLines } from './explain.ts';

it('says what is limited where a resource is asked for that is not', () => {
  const limits = [{ resource: 'requests' }, { resource: 'tokens' }];
  const told = nothingText('moka/prod', limits, 'token');
  expect(told).toContain('the resource token of moka/prod');
  expect(told).toContain('limited are requests, tokens.');
  expect(nothingText('moka/prod', [], 'token')).toBe('Nothing limits moka/prod.');
});

describe('what a quota is part of', () => {
  it('is told where a rollout is on there, for some hosts enforce something else', () => {
    const rollout = { rolloutId: 'moka-r7', status: 'on', stage: 1 };
    expect(rolloutLines(rollout)).toEqual([
      'Rollout moka-r7 is on at stage 1: its hosts enforce what it brings instead of what is declared. ./prorata rollout show moka-r7',
    ]);
    expect([...rolloutLines(null), ...rolloutLines(undefined)]).toEqual([]);
  });
});

it('says how evidence may move what is shown, and who says so', () => {
  const tokens = {
    resource: 'tokens',
    bounds: { min: 100, max: 800, of: 'moka' },
    workload: { class: 'serving', of: 'moka/prod' },
    pinnedBy: 'moka/prod',
  };
  const sessions = { resource: 'sessions', bounds: null, workload: null, pinnedBy: null };
  expect(evidenceLines([{ resource: 'tokens' }], [tokens, sessions])).toEqual([
    'Evidence and tokens: moves it within 100 to 800 of moka, as serving, by moka/prod, but moka/prod has pinned it.',
  ]);
  expect(evidenceLines([{ resource: 'sessions' }], [tokens, sessions])).toEqual([
    'Evidence and sessions: does not move it, for nobody gave bounds.',
  ]);
});
