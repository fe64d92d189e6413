import type { CommandMessage, QuotaContent } from '@prorata/schemas';
import { actor } from './outcomes.ts';

/** A UUID of a number, so that a failing seed names its commands the same every time. */
export function commandIdOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

const content: QuotaContent = {
  owner: 'group:test',
  project: null,
  tier: 2,
  cutPriority: 0,
  labels: {},
  attributes: '{}',
  limits: [
    {
      resource: 'requests',
      kind: 'rate',
      bound: 'amount',
      amount: 100n,
      perMicros: 1_000_000n,
      burst: null,
      guaranteed: null,
      window: null,
    },
  ],
  match: [],
  action: 'refuse',
  degradeTag: null,
  mode: null,
  onStale: null,
  rightsizing: [],
};

function envelopeOf(number: number, application: string, submittedAt: bigint) {
  return {
    commandId: commandIdOf(number),
    stream: `application:${application}`,
    actor,
    roles: ['admin'],
    groups: [],
    grants: [],
    waivers: [],
    usage: [],
    attestations: [],
    reason: 'for the simulation',
    expectedVersion: null,
    dryRun: false,
    submittedAt,
  };
}

export function registering(number: number, application: string, now: bigint): CommandMessage {
  return {
    type: 'RegisterApplication',
    value: {
      envelope: envelopeOf(number, application, now),
      displayName: application,
      levels: ['environment'],
      resources: [{ name: 'requests', kind: 'rate', unit: 'request', total: null }],
      defaultMode: 'enforce',
      defaultOnStale: 'hold',
      robotChanges: 'apply',
      proposalLifetimeMicros: 3_600_000_000n,
    },
  };
}

export function creating(number: number, quotaId: string, now: bigint): CommandMessage {
  const application = quotaId.split('/')[0] ?? '';
  const envelope = envelopeOf(number, application, now);
  return { type: 'CreateQuota', value: { envelope, quotaId, content } };
}

export function overriding(
  number: number,
  quotaId: string,
  until: bigint,
  now: bigint,
): CommandMessage {
  const application = quotaId.split('/')[0] ?? '';
  const limits = content.limits.map((limit) => ({ ...limit, amount: 50n }));
  const envelope = envelopeOf(number, application, now);
  return { type: 'OverrideQuota', value: { envelope, quotaId, limits, until } };
}
