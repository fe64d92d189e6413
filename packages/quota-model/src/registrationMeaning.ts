/**
 * What a registration reaches beside itself. Its event carries the version of that meaning, so that a log
 * folds for ever to what was in force when it was written.
 */
import type { Registration } from './model.ts';

/**
 * The meaning of what is registered now. 1: the application's bounds for the rightsizer hold for quotas
 * without their own, and live suspensions block what is declared later. Before, neither did.
 */
export const MEANING_VERSION = 1;
const REACHING_SINCE = 1;

/** Whether its bounds and its resources reach quotas that are there already. */
export function reachesQuotas({ meaningVersion }: Pick<Registration, 'meaningVersion'>): boolean {
  return meaningVersion >= REACHING_SINCE;
}
