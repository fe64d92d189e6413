import { isQuotaId, isSegment } from '@prorata/quota-model';
import type { Request } from 'express';
import { mustReach } from './access.ts';
import type { Parameters } from './parameters.ts';

/** A part of a tree: a quota and all below it, or an application. @throws Problem 403 when it is not within reach */
export function withinIn(request: Request, parameters: Parameters): string | null {
  const within = parameters.text('within');
  if (within === null) return null;
  if (isQuotaId(within) || isSegment(within)) {
    mustReach(request.reach, within);
    return within;
  }
  parameters.report('within', 'must be the id of a quota or of an application');
  return null;
}
