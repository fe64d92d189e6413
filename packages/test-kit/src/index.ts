export { freshDatabase, freshNamespace, sharedStack } from './sharedStack.ts';
export type { SharedStack } from './sharedStack.ts';
