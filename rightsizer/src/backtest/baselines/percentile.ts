/** The known values of [from, to), sorted. */
export function sortedKnown(values: Float64Array, from: number, to: number): Float64Array {
  return values
    .slice(Math.max(0, from), Math.max(0, to))
    .filter((value) => !Number.isNaN(value))
    .sort();
}

/** Linear between the two nearest, as Prometheus' quantile_over_time does; 0 of none. @param q 0…1 */
export function percentileBetween(sorted: Float64Array, q: number): number {
  if (sorted.length === 0) return 0;
  const place = q * (sorted.length - 1);
  const low = Math.floor(place);
  const left = sorted[low] ?? 0;
  const right = sorted[Math.min(low + 1, sorted.length - 1)] ?? left;
  return left + (right - left) * (place - low);
}
