import { limitToJson, timeToJson } from '@prorata/schemas';
import type { LoopCommand } from '../commandDesk.ts';
import { derivedId } from '../derivedId.ts';
import type { Resizable, Resize } from './findResize.ts';

export interface ResizeTerms {
  readonly policyName: string;
  readonly policyVersion: number;
  readonly tableVersion: number;
}

/**
 * The command for one recommendation. Its id follows from the quota, the resource, the limit and
 * the hash over what was looked at, the quota's version included, so that the same finding is the
 * same command.
 */
export function resizeCommand(series: Resizable, found: Resize, terms: ResizeTerms): LoopCommand {
  const { quotaId, resource, quotaVersion, limit } = series;
  const verb = found.direction === 'raise' ? 'Raise' : 'Lower';
  return {
    commandId: derivedId(
      'resize',
      quotaId,
      resource,
      found.value,
      found.inputsHash,
      quotaVersion,
      terms.tableVersion,
    ),
    type: 'ResizeQuota',
    stream: `application:${quotaId.split('/', 1)[0] ?? ''}`,
    expectedVersion: quotaVersion,
    reason: `${verb} ${resource} from ${limit.amount} to ${found.value}: ${found.reasons.join(', ')}.`,
    data: {
      quotaId,
      limit: limitToJson({ ...limit, amount: found.value, burst: burstFor(series, found) }),
      evidence: {
        policy: `${terms.policyName}@${terms.policyVersion}`,
        source: `usage table version ${terms.tableVersion}`,
        windowStart: timeToJson(found.windowStart),
        windowEnd: timeToJson(found.windowEnd),
        figures: found.figures,
        inputsHash: found.inputsHash,
      },
    },
  };
}

/** A burst of its own keeps its proportion to the amount, and is not raised above the owner's highest. */
function burstFor({ bounds, limit }: Resizable, found: Resize): bigint | null {
  const { burst, amount } = limit;
  if (burst === null || amount === 0n) return burst;
  const proportional = (burst * found.value) / amount;
  if (found.direction === 'lower') return proportional > 0n ? proportional : 1n;
  const most = bounds.max > burst ? bounds.max : burst;
  return proportional < most ? proportional : most;
}
