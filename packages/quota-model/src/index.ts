export * from './model.ts';
export * from './ids.ts';
export {
  compareBounds,
  cutLimit,
  describeLimit,
  isUncuttable,
  minLimit,
  sameLimit,
} from './limits.ts';
export { declaredLimit, isWithinBounds } from './layers.ts';
export { decide } from './decide.ts';
export { evolve } from './evolve.ts';
export { effectiveLimits, uncutLimit } from './effective.ts';
export { affectedQuotas, ruleOf } from './rules.ts';
export { decideTimer, dueTimes } from './timers.ts';
export { MODEL_VERSION, stateFromText, stateToText } from './snapshot.ts';
export { projectOf } from './payers.ts';
export { refusalCodes } from './refusalCodes.ts';
export type { RefusalCode, RefusalKind } from './refusalCodes.ts';
export { BrokenStream, UnreadableState } from './faults.ts';
