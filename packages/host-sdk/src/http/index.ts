export { rateLimitFields } from './rateLimitFields.ts';
export { refusalKinds } from './refusalKinds.ts';
export type { RefusalKind } from './refusalKinds.ts';
export { refusedAnswer } from './refusedAnswer.ts';
export type { RefusedAnswer } from './refusedAnswer.ts';
