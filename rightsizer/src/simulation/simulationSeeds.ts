/** The seeds from one to another; where PRORATA_SIM_SEED names one, that alone, so that a failing one is run again. */
export function seedsFrom(first: number, last: number): number[] {
  const named = process.env['PRORATA_SIM_SEED'];
  if (named !== undefined) return [Number(named)];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
