import type { RolloutEvidence, RolloutFigures, RolloutGate } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { brokenBounds, missingForGate } from './gate.ts';

const gate: RolloutGate = {
  measure: 'absolute',
  refusedBasisPointsMax: null,
  errorBasisPointsMax: null,
  latencyP99MicrosMax: null,
  hostsMin: 2,
  decisionsMin: 100n,
};
const figures = (more: Partial<RolloutFigures> = {}): RolloutFigures => ({
  hosts: 2,
  decisions: 1_000n,
  refused: 0n,
  requests: 1_000n,
  errors: 0n,
  latencyP99Micros: 5_000n,
  ...more,
});
const seen = (
  stage: Partial<RolloutFigures>,
  others: Partial<RolloutFigures> = {},
): RolloutEvidence => ({
  measuredFrom: 0n,
  measuredTo: 1n,
  stage: figures(stage),
  others: figures(others),
  broken: [],
});

describe('a gate', () => {
  it('holds at a bound and not above it, rounded against the candidate', () => {
    const one = { ...gate, errorBasisPointsMax: 100 };
    expect(brokenBounds(one, seen({ errors: 10n }))).toEqual([]);
    expect(brokenBounds(one, seen({ errors: 11n }))).toEqual([
      'errors 1.1 %, more than 1 % allowed',
    ]);
    expect(
      brokenBounds({ ...gate, errorBasisPointsMax: 0 }, seen({ errors: 1n, requests: 10n ** 9n })),
    ).toHaveLength(1);
  });

  it('measures by how much the stage is above the other hosts, where it is asked to', () => {
    const above: RolloutGate = {
      ...gate,
      measure: 'above_others',
      refusedBasisPointsMax: 100,
      latencyP99MicrosMax: 1_000n,
    };
    expect(
      brokenBounds(above, seen({ refused: 60n, latencyP99Micros: 6_000n }, { refused: 50n })),
    ).toEqual([]);
    expect(
      brokenBounds(above, seen({ refused: 61n, latencyP99Micros: 6_001n }, { refused: 50n })),
    ).toEqual([
      'refused 6.1 %, more than 1 % above the 5 % of the other hosts allowed',
      'latency p99 6001 µs, more than 1000 µs above that of the other hosts allowed',
    ]);
  });

  it('says what is missing for an answer, of the other hosts too where they are compared', () => {
    const latency = { ...gate, latencyP99MicrosMax: 1n };
    expect(missingForGate(gate, seen({}, { hosts: 0 }))).toEqual([]);
    expect(missingForGate(gate, seen({ hosts: 1, decisions: 99n }))).toHaveLength(2);
    expect(missingForGate(latency, seen({ requests: 0n, latencyP99Micros: null }))).toHaveLength(2);
    expect(missingForGate({ ...gate, measure: 'above_others' }, seen({}, { hosts: 0 }))).toEqual([
      '0 hosts outside it report, 2 must',
    ]);
  });
});
