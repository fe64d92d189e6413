/** What must hold before a command's own rules are asked. */
import type { CommandEnvelope, Violation } from '@prorata/schemas';
import { applicationOf } from '../ids.ts';
import type { ApplicationState, Decision, QuotaState } from '../model.ts';
import { refuse, violation } from './answer.ts';

/** As an expected version: it must exist, at whatever version. */
export const MUST_EXIST = -1n;

/** The version the sender saw must be the version now; `0` stands for what does not exist yet. */
export function versionFault(envelope: CommandEnvelope, current: bigint): Decision | null {
  const fault = versionFaultAt(envelope.expectedVersion, current, '');
  return fault === null ? null : { kind: 'refused', violations: [fault] };
}

/** @param expected null: any. @param path JSON pointer of the step in the command */
export function versionFaultAt(
  expected: bigint | null,
  current: bigint,
  path: string,
): Violation | null {
  if (expected === null || expected === current) return null;
  if (expected === MUST_EXIST && current > 0n) return null;
  return violation('VERSION_MISMATCH', path, mismatch(expected, current));
}

function mismatch(expected: bigint, current: bigint): string {
  if (expected === 0n) return `It exists already, at version ${current.toString()}.`;
  if (expected === MUST_EXIST) return 'It was expected to exist, and does not.';
  if (current === 0n) return `Version ${expected.toString()} was expected, and it does not exist.`;
  return `Version ${expected.toString()} was expected, the current one is ${current.toString()}.`;
}

/** The quota, at the version the sender expects. */
export function requireQuota(
  state: ApplicationState,
  quotaId: string,
  envelope: CommandEnvelope,
): { readonly quota: QuotaState } | { readonly refused: Decision } {
  const { expectedVersion } = envelope;
  const found = quotaAt(state, quotaId, { expectedVersion, path: '' });
  if ('quota' in found) return found;
  return { refused: { kind: 'refused', violations: [found.fault] } };
}

/** Which version a step expects. */
export interface ExpectedTerms {
  /** JSON pointer of the step in the command's data; empty: the command is the step. */
  readonly path: string;
  /** The quota's version that the sender saw; null: any. */
  readonly expectedVersion: bigint | null;
}

/** As `requireQuota`, of a step at `path` in the command. */
export function quotaAt(
  state: ApplicationState,
  quotaId: string,
  { path, expectedVersion }: ExpectedTerms,
): { readonly quota: QuotaState } | { readonly fault: Violation } {
  const at = `${path}/quotaId`;
  if (applicationOf(quotaId) !== state.id) {
    const message = `${quotaId} belongs to another application than ${state.id}.`;
    return { fault: violation('WRONG_STREAM', at, message) };
  }
  const quota = state.quotas.get(quotaId);
  if (quota === undefined) {
    return { fault: violation('QUOTA_UNKNOWN', at, `There is no quota ${quotaId}.`) };
  }
  const fault = versionFaultAt(expectedVersion, quota.version, path);
  return fault === null ? { quota } : { fault };
}

export function organizationUnknown(): Decision {
  return refuse('ORGANIZATION_UNKNOWN', '', 'The organization is not registered.');
}
