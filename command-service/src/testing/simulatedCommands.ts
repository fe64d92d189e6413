import {
  content,
  cores,
  credits,
  noChange,
  registration,
  tokens,
} from '@prorata/quota-model/testing';
import type { CommandBody, Sender } from '@prorata/quota-model/testing';
import type { Attestation, CommandMessage, QuotaContent, RemoteValidator } from '@prorata/schemas';
import { actor } from './outcomes.ts';

/** A UUID of a number, so that a failing seed names its commands the same every time. */
export function commandIdOf(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

export function command(
  number: number,
  application: string,
  submittedAt: bigint,
  body: CommandBody,
  sender: Sender = {},
): CommandMessage {
  const envelope = {
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
    ...sender,
  };
  return { type: body.type, value: { ...body.data, envelope } } as CommandMessage;
}

function applicationOf(quotaId: string): string {
  return quotaId.split('/')[0] ?? '';
}

/** A limit of each class of sums: every level charged, guarantees summed, amounts summed. */
function contentOf(share: bigint): QuotaContent {
  return content([tokens(share), cores(share / 2n, share), credits(share)], {
    owner: 'group:test',
  });
}

/** Its creations are a remote validator's to judge, and taken and marked when it says nothing. */
export const VALIDATED = 'kube';

const validator: RemoteValidator = {
  name: 'capacity',
  url: 'https://capacity.example.test/check',
  deadlineMillis: 1_000,
  retries: 0,
  onUnavailable: 'flag',
  resources: [],
  commands: ['CreateQuota'],
  secretRef: null,
};

/** What the gateway was told before it let the command in; of an application without validators, nothing. */
function attested(application: string, share: bigint, now: bigint): Sender {
  if (application !== VALIDATED || share % 5n === 0n) return {};
  const isSilent = share % 2n === 0n;
  const attestation: Attestation = {
    validator: validator.name,
    applicationVersion: 1n,
    status: isSilent ? 'unavailable' : 'approved',
    message: isSilent ? 'No answer in 1000 ms.' : '',
    facts: {},
    observedAt: now,
  };
  return { attestations: [attestation] };
}

export function registering(number: number, application: string, now: bigint): CommandMessage {
  const validators = application === VALIDATED ? [validator] : [];
  const data = { ...registration, validators };
  return command(number, application, now, { type: 'RegisterApplication', data });
}

/** @param share of each resource; of cores half of it is guaranteed, and all applications' total is 1,000 */
export function creating(
  number: number,
  quotaId: string,
  now: bigint,
  share = 100n,
): CommandMessage {
  const application = applicationOf(quotaId);
  const body = { type: 'CreateQuota', data: { quotaId, content: contentOf(share) } } as const;
  return command(number, application, now, body, attested(application, share, now));
}

export function changing(
  number: number,
  quotaId: string,
  now: bigint,
  share: bigint,
): CommandMessage {
  const data = { ...noChange, quotaId, setLimits: contentOf(share).limits };
  return command(number, applicationOf(quotaId), now, { type: 'ChangeQuota', data });
}

/** Brings back what the quota was created with, if that is what it was. */
export function restoring(
  number: number,
  quotaId: string,
  now: bigint,
  brought: QuotaContent,
): CommandMessage {
  const data = { quotaId, version: 1n, content: brought };
  return command(number, applicationOf(quotaId), now, { type: 'RestoreQuota', data });
}

export function deleting(number: number, quotaId: string, now: bigint): CommandMessage {
  return command(number, applicationOf(quotaId), now, {
    type: 'DeleteQuota',
    data: { quotaId, children: 'refuse' },
  });
}

export function overriding(
  number: number,
  quotaId: string,
  until: bigint,
  now: bigint,
): CommandMessage {
  const data = { quotaId, limits: [tokens(50n)], until };
  return command(number, applicationOf(quotaId), now, { type: 'OverrideQuota', data });
}

/** The same command as a client sends it again, later. */
export function again(first: CommandMessage, submittedAt: bigint): CommandMessage {
  const envelope = { ...first.value.envelope, submittedAt };
  return { ...first, value: { ...first.value, envelope } } as CommandMessage;
}
