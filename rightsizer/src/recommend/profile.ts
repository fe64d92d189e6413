/** What the profile of slots says, reckoned once a slot. */
export interface Profile {
  /** Slots of which something is known. */
  readonly known: number;
  /** The highest slot; 0 of none. */
  readonly highest: number;
  /** What the season and growth say will be wanted at most within what lies ahead; 0: nothing. */
  readonly ahead: number;
  /** Whether growth made it higher. */
  readonly isGrowing: boolean;
}

/** The highest known value of `values[from, to)`; NaN of none. */
export function highestWithin(values: Float64Array, from: number, to: number): number {
  let highest = NaN;
  for (let index = Math.max(0, from); index < to && index < values.length; index++) {
    const value = values[index] ?? NaN;
    if (!(value <= highest) && !Number.isNaN(value)) highest = value;
  }
  return highest;
}

/** The least of the values that a part `share` of them does not exceed; NaN of none. Sorts in place. */
export function quantileInPlace(values: Float64Array, share: number): number {
  if (values.length === 0) return NaN;
  values.sort();
  return values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? NaN;
}
