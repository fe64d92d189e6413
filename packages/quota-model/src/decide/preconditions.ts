/** What must hold before a command's own rules are asked. */
import type { CommandEnvelope } from '@prorata/schemas';
import { applicationOf } from '../ids.ts';
import type { ApplicationState, Decision, QuotaState } from '../model.ts';
import { refuse } from './answer.ts';

/** The version the sender saw must be the version now; `0` stands for what does not exist yet. */
export function versionFault(envelope: CommandEnvelope, current: bigint): Decision | null {
  const { expectedVersion } = envelope;
  if (expectedVersion === null || expectedVersion === current) return null;
  return refuse(
    'VERSION_MISMATCH',
    '',
    `Version ${expectedVersion.toString()} was expected, the current one is ${current.toString()}.`,
  );
}

/** The quota, at the version the sender expects. */
export function requireQuota(
  state: ApplicationState,
  quotaId: string,
  envelope: CommandEnvelope,
): { readonly quota: QuotaState } | { readonly refused: Decision } {
  if (applicationOf(quotaId) !== state.id) {
    const message = `${quotaId} belongs to another application than ${state.id}.`;
    return { refused: refuse('WRONG_STREAM', '/quotaId', message) };
  }
  const quota = state.quotas.get(quotaId);
  if (quota === undefined) {
    return { refused: refuse('QUOTA_UNKNOWN', '/quotaId', `There is no quota ${quotaId}.`) };
  }
  const refused = versionFault(envelope, quota.version);
  return refused === null ? { quota } : { refused };
}
