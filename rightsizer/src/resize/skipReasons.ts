import { skipMeanings } from '../recommend/reasons.ts';

/** Why a limit is left as it is, whatever its demand: one table, which the status and the docs take their words from. */
const standingMeanings = {
  NO_BOUNDS: 'neither the quota nor its application says how far it may go',
  NO_LIMIT: 'the quota has no limit of its own: it inherits',
  LIMIT_NOT_A_NUMBER: 'it is unlimited or blocked',
  KIND_NOT_RIGHTSIZED: 'it is used up over a window: a budget’s matter',
  PINNED: 'the quota, one above it or the application says that evidence moves it not at all',
  UNDER_HAIRCUT: 'a cut lies on it or above it: nobody is raised under a cut',
  OVERRIDDEN: 'an override lies on it or above it',
  PROPOSAL_OPEN: 'a proposal about it waits for a person',
  ROLLOUT_OPEN: 'a change of the quota is on its way to the hosts in stages',
  DECLINED_RECENTLY: 'a person declined, or let a proposal lapse, a short while ago',
  ROLLED_BACK_RECENTLY: 'a resize of it was rolled back by the health of hosts a short while ago',
  BOUND_BY_ANCESTOR: 'a limit above it lets less through: its own does not decide',
  AT_BOUND: 'the bounds allow no further, or too little to be worth a change',
  OUTSIDE_BOUNDS: 'the way into the bounds is longer than one step may go',
  REHEARSING: 'the policy’s first dry run is not in the log yet, or not for long enough',
} as const;

export const resizeSkipMeanings = { ...standingMeanings, ...skipMeanings } as const;
export type SkipReason = keyof typeof resizeSkipMeanings;

/** Why a change that is called for waits for a later evaluation. */
export const putOffMeanings = {
  CHANGES_MAX: 'as many changes as the policy allows in an evaluation were posted',
  APPLICATION_CHANGES_MAX: 'as many of one application',
  RAISED_MAX: 'raises have added as much to the resource as the policy allows in an evaluation',
  REFUSED_BEFORE: 'the same was refused a short while ago',
} as const;
export type PutOffCode = keyof typeof putOffMeanings;
