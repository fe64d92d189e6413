/** What a budget tells, and the intents of its cuts, for tests. */
import { cutData, evidence } from './samples.ts';
import { DAY, START } from './stamp.ts';
import type { CommandData } from './stamp.ts';

/** What is cut, or would be. */
const terms = {
  ...cutData,
  applications: ['moka'],
  cutBasisPoints: [0, 1_000, 2_500, 5_000, 9_000],
  floorBasisPoints: [0, 0, 0, 0, 0],
  priorityMin: [],
};

/** The intent of a cut of one application. */
export const cutTerms: CommandData<'BeginCut'> = { ...terms, lift: null };

/** The first step of the policy, which would cut twelve quotas. */
export const rehearsal: CommandData<'RehearseCut'> = { ...terms, step: 0, quotas: 12 };

/** 80 % of actual spend, reached. */
export const crossing: CommandData<'RecordThreshold'> = {
  budgetId: 'monthly',
  windowStart: START - DAY,
  windowEnd: START + DAY,
  basis: 'actual',
  basisPoints: 8_000,
  direction: 'up',
  spend: '81.5',
  budget: '100',
  currency: 'USD',
  forecast: '104',
  low: '98',
  high: '110.5',
  chanceBasisPoints: 7_900,
  evidence,
};
