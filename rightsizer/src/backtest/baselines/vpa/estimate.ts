import type { DecayingHistogram } from '../decayingHistogram.ts';

const TARGET = 0.9;
const LOWER = 0.5;
const UPPER = 0.95;
/** What is kept above each percentile. */
const MARGIN = 1.15;
const LOWER_CONFIDENCE = { multiplier: 0.001, exponent: -2 };
const UPPER_CONFIDENCE = { multiplier: 1, exponent: 1 };
const SAMPLES_PER_DAY = 1_440;

export interface Estimate {
  readonly lower: number;
  readonly target: number;
  readonly upper: number;
}

/** Days' worth of samples, of which there is one a minute. */
export function confidenceOf(lifespanDays: number, samples: number): number {
  return Math.min(lifespanDays, samples / SAMPLES_PER_DAY);
}

/** How far above the percentile the upper bound lies while little is known. */
export function upperFactor(confidence: number): number {
  return (1 + UPPER_CONFIDENCE.multiplier / confidence) ** UPPER_CONFIDENCE.exponent;
}

/** How far below it the lower one lies. */
export function lowerFactor(confidence: number): number {
  return (1 + LOWER_CONFIDENCE.multiplier / confidence) ** LOWER_CONFIDENCE.exponent;
}

export function estimateOf(histogram: DecayingHistogram, confidence: number): Estimate {
  return {
    lower: histogram.percentile(LOWER) * MARGIN * lowerFactor(confidence),
    target: histogram.percentile(TARGET) * MARGIN,
    upper: histogram.percentile(UPPER) * MARGIN * upperFactor(confidence),
  };
}
