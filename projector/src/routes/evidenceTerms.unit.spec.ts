import { expect, it } from 'vitest';
import { evidenceTerms } from './evidenceTerms.ts';
import type { EvidenceEntry } from './evidenceTerms.ts';

const entry = (more: Partial<EvidenceEntry> = {}): EvidenceEntry => ({
  resource: 'tokens',
  min: 0,
  max: 0,
  workload: null,
  pinned: false,
  ...more,
});
const path = (
  own: readonly EvidenceEntry[],
  above: readonly EvidenceEntry[],
  application: readonly EvidenceEntry[],
) => [
  { node: 'moka/prod/ads', entries: own },
  { node: 'moka/prod', entries: above },
  { node: 'moka', entries: application },
];

it('takes the class from the nearest node, a pin from any, and bounds from the quota or the application alone', () => {
  const nodes = path(
    [entry({ resource: 'sessions', min: 1, max: '9007199254740993' })],
    [entry({ min: 5, max: 6, workload: 'serving' })],
    [entry({ min: 10, max: 90, workload: 'batch', pinned: true })],
  );
  expect(evidenceTerms(nodes)).toEqual([
    {
      resource: 'sessions',
      bounds: { min: 1, max: '9007199254740993', of: 'moka/prod/ads' },
      workload: null,
      pinnedBy: null,
    },
    {
      resource: 'tokens',
      bounds: { min: 10, max: 90, of: 'moka' },
      workload: { class: 'serving', of: 'moka/prod' },
      pinnedBy: 'moka',
    },
  ]);
});

it('says nothing of a resource that nobody speaks of, and no bounds where none are given', () => {
  expect(evidenceTerms(path([], [], []))).toEqual([]);
  expect(evidenceTerms(path([entry({ pinned: true })], [], []))).toMatchObject([
    { bounds: null, workload: null, pinnedBy: 'moka/prod/ads' },
  ]);
});
