export * from './stamp.ts';
export { TestStream } from './stream.ts';
export { UnexpectedDecision, given, givenIn, stateAfter } from './given.ts';
export type { Fact, Then, When } from './given.ts';
export * from './samples.ts';
export { brokenRules } from './wholeTree.ts';
export {
  budgetDefined,
  organizationRegistered,
  projectDefined,
  teamDefined,
} from './organizationSamples.ts';
