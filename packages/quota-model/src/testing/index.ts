export * from './stamp.ts';
export { TestStream } from './stream.ts';
export { UnexpectedDecision, given, givenIn, stateAfter } from './given.ts';
export type { Fact, Then, When } from './given.ts';
export * from './samples.ts';
export { plainBook, plainPrice } from './priceSamples.ts';
export { crossing, cutTerms, rehearsal } from './cutSamples.ts';
export { brokenRules } from './wholeTree.ts';
export {
  budgetDefined,
  organizationRegistered,
  projectDefined,
  teamDefined,
} from './organizationSamples.ts';
export {
  actions as historyActions,
  commandOf as commandOfStep,
  firstQuotas,
  startHistory,
  take as takeStep,
  weights as historyWeights,
} from './histories.ts';
export type { Step as HistoryStep } from './histories.ts';
