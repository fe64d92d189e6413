/** One way in which what is there is not what the manifest says. */
export interface Difference {
  readonly kind: 'topic' | 'subject';
  readonly name: string;
  /** What differs: `partitions`, a configuration key, `compatibility`, `schema`. */
  readonly aspect: string;
  readonly found: string;
  readonly wanted: string;
  readonly remedy: string;
}

export function describeDifference(difference: Difference): string {
  const { kind, name, aspect, found, wanted, remedy } = difference;
  return `${kind} ${name}: ${aspect} is ${found}, the manifest says ${wanted}. ${remedy}`;
}
