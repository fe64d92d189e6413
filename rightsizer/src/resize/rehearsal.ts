import { createHash } from 'node:crypto';
import type { ApplicationState } from '@prorata/quota-model';
import { longToJson, timeToJson } from '@prorata/schemas';
import type { LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';
import type { Policy } from '../policy.ts';
import { byUrgency } from './rails.ts';
import type { Candidate } from './rails.ts';
import type { ResizeTerms } from './resizeCommand.ts';
import type { SkipReason } from './skipReasons.ts';

/**
 * done: the log has it for long enough. waiting: not for long enough yet. due: it does not have it.
 * Kept by the policy's name and version: another version is rehearsed anew.
 */
export type RehearsalStage = 'done' | 'waiting' | 'due';

/** @param now microseconds */
export function rehearsalStage(
  { rehearsals }: Pick<ApplicationState, 'rehearsals'>,
  { name, version, rightsizer }: Pick<Policy, 'name' | 'version' | 'rightsizer'>,
  now: bigint,
): RehearsalStage {
  const known = rehearsals.get(name);
  if (known?.policyVersion !== BigInt(version)) return 'due';
  return now - known.at < BigInt(rightsizer.rehearsalMs) * 1_000n ? 'waiting' : 'done';
}

/** What an evaluation would have done to one application. */
export interface Rehearsed {
  readonly application: string;
  readonly candidates: readonly Candidate[];
  /** How many limits were left alone, by why. */
  readonly skipped: ReadonlyMap<SkipReason, number>;
}

/** Where these alone were found, nothing was looked at, and a rehearsal would say nothing. */
const lookedAtNothing: ReadonlySet<SkipReason> = new Set([
  'NO_BOUNDS',
  'NO_LIMIT',
  'LIMIT_NOT_A_NUMBER',
  'KIND_NOT_RIGHTSIZED',
  'PINNED',
  'NO_DATA',
  'USAGE_STALE',
]);

export function hasLooked({ candidates, skipped }: Rehearsed): boolean {
  return candidates.length > 0 || [...skipped.keys()].some((code) => !lookedAtNothing.has(code));
}

/** What a person would want to see first; the counts are of all. */
const EXAMPLES_MAX = 50;
/** What the log takes of one of them. */
const REASONS_MAX = 8;

/** @param window of the demand that was looked at, microseconds */
export function rehearsalCommand(
  { application, candidates, skipped }: Rehearsed,
  { policyName, policyVersion, tableVersion }: ResizeTerms,
  window: { readonly from: bigint; readonly to: bigint },
): LoopCommand {
  const sorted = [...candidates].sort(byUrgency);
  const hash = createHash('sha256');
  for (const { found } of sorted) hash.update(`${found.inputsHash} ${found.value}\n`);
  const inputsHash = hash.digest('hex');
  const counts = Object.fromEntries(
    [...skipped].sort(([left], [right]) => (left < right ? -1 : 1)),
  );
  const of = (direction: 'raise' | 'lower'): number =>
    candidates.filter(({ found }) => found.direction === direction).length;
  return {
    commandId: derivedId(
      ...['rehearsal', application, policyName],
      ...[policyVersion, tableVersion, inputsHash, JSON.stringify(counts), window.to],
    ),
    type: 'RecordRehearsal',
    stream: `application:${application}`,
    reason: `What ${policyName}@${policyVersion} would change.`,
    data: {
      policy: policyName,
      policyVersion,
      tableVersion,
      wouldRaise: of('raise'),
      wouldLower: of('lower'),
      skipped: counts,
      examples: sorted.slice(0, EXAMPLES_MAX).map(({ series, found }) => ({
        quotaId: series.quotaId,
        resource: series.resource,
        from: longToJson(series.limit.amount),
        to: longToJson(found.value),
        reasons: found.reasons.slice(0, REASONS_MAX),
      })),
      evidence: {
        policy: `${policyName}@${policyVersion}`,
        source: `usage table version ${tableVersion}`,
        windowStart: timeToJson(window.from),
        windowEnd: timeToJson(window.to),
        figures: {},
        inputsHash,
      },
    },
  };
}
