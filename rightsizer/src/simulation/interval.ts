/** A mean over seeds, and how sure it is. */
export interface Interval {
  readonly mean: number;
  /** The 95 % interval's half width. */
  readonly margin: number;
}

/** 97.5 % of Student's t with 1, 2, … degrees of freedom; beyond the last the normal's is near enough. */
const T975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];
const NORMAL975 = 1.96;

/** The mean of independent values and its 95 % interval by Student's t. @throws RangeError fewer than two values */
export function intervalOf(values: readonly number[]): Interval {
  if (values.length < 2) throw new RangeError('An interval needs two values.');
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const error = Math.sqrt(squares / (values.length - 1) / values.length);
  return { mean, margin: (T975[values.length - 2] ?? NORMAL975) * error };
}
