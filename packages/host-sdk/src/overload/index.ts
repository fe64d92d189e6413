export { overloadGate } from './overloadGate.ts';
export type { OverloadGate, OverloadOptions, OverloadStatus } from './overloadGate.ts';
export type { Admission } from './admission.ts';
export { GradientLimit } from './gradientLimit.ts';
export type { GradientOptions, Outcome } from './gradientLimit.ts';
export { HEALTH_MARKS } from './healthSignals.ts';
export type { HealthMark, HealthMarks, HealthReading, HealthSignals } from './healthSignals.ts';
export { nodeHealth } from './nodeHealth.ts';
