/** The highest known value of `values[from, to)`; 0 of none. */
export function highestWithin(values: Float64Array, from: number, to: number): number {
  let highest = 0;
  const end = Math.min(to, values.length);
  for (let index = Math.max(0, from); index < end; index++) {
    const value = values[index] ?? 0;
    // NaN is above nothing.
    if (value > highest) highest = value;
  }
  return highest;
}

/** The known values of `values[from, to)`, sorted. */
export function knownSorted(values: Float64Array, from: number, to: number): Float64Array {
  const known = values.slice(Math.max(0, from), to).sort();
  // NaN sorts last.
  let count = known.length;
  while (count > 0 && Number.isNaN(known[count - 1])) count -= 1;
  return known.subarray(0, count);
}

/** The value that a part `share` of the sorted values lies below; 0 of none. */
export function quantileOf(sorted: Float64Array, share: number): number {
  const at = Math.min(sorted.length - 1, Math.floor(share * sorted.length));
  return at < 0 ? 0 : (sorted[at] ?? 0);
}
