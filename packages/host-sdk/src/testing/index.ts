export { ReferenceLimiter } from './referenceLimiter.ts';
export type { ReferenceDecision, ReferenceVerdict } from './referenceLimiter.ts';
