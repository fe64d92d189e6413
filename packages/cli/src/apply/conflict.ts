import type { Failure } from '../plan/check.ts';

/** Codes that say that somebody else was there first. */
const CONFLICTS = new Set(['VERSION_MISMATCH', 'QUOTA_EXISTS', 'QUOTA_UNKNOWN', 'BUDGET_EXISTS']);

export const isConflict = ({ code }: Failure): boolean => CONFLICTS.has(code);
