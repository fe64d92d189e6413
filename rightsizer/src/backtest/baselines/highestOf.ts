/** The highest value of [from, to); 0 where none is known. */
export function highestOf(values: Float64Array, from: number, to: number): number {
  let highest = 0;
  const end = Math.min(to, values.length);
  for (let at = Math.max(0, from); at < end; at += 1) {
    const value = values[at] ?? NaN;
    if (value > highest) highest = value;
  }
  return highest;
}
