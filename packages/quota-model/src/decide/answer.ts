import type { ApprovedProposal, Violation, Waiver } from '@prorata/schemas';
import type { Decision, EventDraft, QuotaState } from '../model.ts';
import { MESSAGE_LENGTH_MAX, VIOLATIONS_MAX } from '../modelBounds.ts';
import type { RefusalCode } from '../refusalCodes.ts';

/** @param path where in the command's data, as a JSON pointer; empty: the command as a whole. */
export function violation(code: RefusalCode, path: string, message: string): Violation {
  const most = MESSAGE_LENGTH_MAX;
  return { code, path, message: message.length <= most ? message : `${message.slice(0, most)}…` };
}

export function refuse(code: RefusalCode, path: string, message: string): Decision {
  return { kind: 'refused', violations: [violation(code, path, message)] };
}

/** A refusal with every failed check (the first ones of very many), or null when there is none. */
export function refusal(violations: readonly Violation[]): Decision | null {
  const [first, ...more] = violations;
  return first === undefined
    ? null
    : { kind: 'refused', violations: [first, ...more.slice(0, VIOLATIONS_MAX - 1)] };
}

export function accept(
  events: readonly EventDraft[],
  result: string | null = null,
  waivers: readonly Waiver[] = [],
  approved: ApprovedProposal | null = null,
): Decision {
  return { kind: 'accepted', events, result, waivers, approved, awaited: [] };
}

/** It is so already: accepted, with nothing to write. */
export const alreadySo: Decision = accept([]);

/** Adds the quota and the version that the event takes it to; `step` counts events of one decision. */
export function about(
  quota: Pick<QuotaState, 'quotaId' | 'version'>,
  step = 1n,
): { readonly quotaId: string; readonly quotaVersion: bigint } {
  return { quotaId: quota.quotaId, quotaVersion: quota.version + step };
}

/** For events that are about no quota. */
export const aboutNoQuota = { quotaId: null, quotaVersion: null } as const;
