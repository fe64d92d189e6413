/**
 * The seeds from one to another, or the one that PRORATA_SIM_SEED names when it lies between them:
 * a failing seed is run again alone.
 */
export function seedsFrom(first: number, last: number): number[] {
  const named = process.env['PRORATA_SIM_SEED'];
  if (named !== undefined) {
    const seed = Number(named);
    return seed >= first && seed <= last ? [seed] : [];
  }
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
