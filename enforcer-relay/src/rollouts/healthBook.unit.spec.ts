import type { RolloutState } from '@prorata/quota-model';
import type { HostReport } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { HealthBook } from './healthBook.ts';

const SECOND = 1_000_000n;
const rollout = {
  ...{ rolloutId: 'moka-r1', stage: 0, bakesFrom: 0n, gate: null },
} as unknown as RolloutState;

const reportOf = (bootId: string, sequence: bigint, decisions: bigint): HostReport => ({
  ...{ hostId: 'h', bootId, application: 'moka', sdkVersion: 'test', source: 'kafka', rules: 1 },
  ...{ appliedOffset: 1n, appliedAt: 0n, reportedAt: 0n, zone: null, sequence, rejectedRules: 0 },
  intervalMs: 15_000,
  leaving: false,
  rollouts: [{ rolloutId: 'moka-r1', stage: 0, isCandidate: true }],
  health: { decisions, refused: 0n, requests: 0n, errors: 0n, latency: [] },
});

function openBook() {
  const book = new HealthBook();
  book.watch('moka', [rollout]);
  const figures = () => book.evidence('moka', rollout, 40n * SECOND).stage;
  return { book, figures };
}

describe('the book of health', () => {
  it('counts nothing twice of a host that started anew, when its reports are read again', () => {
    const { book, figures } = openBook();
    const reports: [HostReport, bigint][] = [
      [reportOf('a', 1n, 100n), 10n * SECOND],
      [reportOf('a', 2n, 150n), 20n * SECOND],
      [reportOf('b', 1n, 10n), 30n * SECOND],
      [reportOf('b', 2n, 17n), 40n * SECOND],
    ];
    for (const [report, at] of reports) book.take(report, at);
    expect(figures()).toMatchObject({ hosts: 1, decisions: 57n });
    for (const [report, at] of reports) book.take(report, at);
    expect(figures()).toMatchObject({ hosts: 1, decisions: 57n });
  });

  it('keeps no host whose name is longer than names are', () => {
    const { book, figures } = openBook();
    const hostId = 'h'.repeat(257);
    book.take({ ...reportOf('a', 1n, 1n), hostId }, SECOND);
    book.take({ ...reportOf('a', 2n, 9n), hostId }, 2n * SECOND);
    expect(figures()).toMatchObject({ hosts: 0, decisions: 0n });
  });
});
