/** What hosts, a dispatcher and the relay say of `application:llm` and `application:moka`. */
import type { HostReport, Message, RulesDelivered, TargetReport } from '@prorata/schemas';
import { testStart } from './eventStamper.ts';

export const SECOND = 1_000_000n;

export function hostReport(report: Partial<HostReport> = {}): Message {
  const value: HostReport = {
    hostId: 'h1',
    bootId: '0b0e2ce4-3d4f-4d5c-8d3e-000000000001',
    application: 'llm',
    sdkVersion: '0.1.0',
    source: 'kafka',
    rules: 3,
    appliedOffset: 7n,
    appliedAt: testStart,
    reportedAt: testStart,
    zone: null,
    sequence: 0n,
    rejectedRules: 0,
    intervalMs: 15_000,
    rollouts: [],
    health: null,
    leaving: false,
    ...report,
  };
  return { type: 'HostReport', value };
}

export function targetReport(report: Partial<TargetReport> = {}): Message {
  const value: TargetReport = {
    application: 'llm',
    dispatcher: 'scheduler',
    kind: 'yunikorn',
    target: 'batch/yunikorn-configs',
    state: 'applied',
    desiredOffset: 7n,
    deliveredOffset: 7n,
    appliedOffset: 7n,
    checksum: 'ab'.repeat(32),
    problem: null,
    since: testStart,
    reportedAt: testStart,
    ...report,
  };
  return { type: 'TargetReport', value };
}

export function rulesDelivered(report: Partial<RulesDelivered> = {}): Message {
  const value: RulesDelivered = {
    application: 'llm',
    rules: 3,
    deliveredOffset: 7n,
    accountedTo: 9n,
    reportedAt: testStart,
    ...report,
  };
  return { type: 'RulesDelivered', value };
}

/** Newer ones and late ones, of two starts of a host; all are to be told apart by what they say. */
export const reportStory: readonly Message[] = [
  hostReport({ sequence: 2n, appliedOffset: 5n, zone: 'eu-1a' }),
  hostReport({ sequence: 1n, appliedOffset: 3n, zone: 'eu-1a' }),
  hostReport({ application: 'moka', hostId: 'h1', source: 'http' }),
  hostReport({ bootId: 'b-2', reportedAt: testStart + SECOND, appliedOffset: 7n, zone: 'eu-1b' }),
  targetReport({ state: 'pending', appliedOffset: 5n }),
  targetReport({ reportedAt: testStart + SECOND }),
  targetReport({ application: 'moka', problem: 'the queue root.a is unknown', state: 'refused' }),
  rulesDelivered(),
  rulesDelivered({ application: 'moka', accountedTo: 4n }),
  rulesDelivered({ accountedTo: 8n, deliveredOffset: 5n }),
];
