export { policyFrom, PolicyError, productionPolicy, readPolicy } from './policy.ts';
export type { Policy, ResizePolicy, ThrottlePolicy } from './policy.ts';
export { startRightsizer } from './service/startRightsizer.ts';
export type { RunningRightsizer } from './service/startRightsizer.ts';
export { openapi } from './service/routes.ts';
