import { RE2JS } from 're2js';

/** Characters of one pattern: longer ones are grammars. */
const PATTERN_LENGTH_MAX = 256;
/** States of the automaton; with the bound on texts this bounds the work of one match. */
const PROGRAM_MAX = 256;
/** A longer text matches no pattern: nothing that a quota's attributes name is longer. */
export const MATCHED_LENGTH_MAX = 1_024;

/** The part of a regular expression that a JSON Schema needs. */
export interface LinearPattern {
  test(text: string): boolean;
  /** The pattern itself: ajv takes two patterns of the same text for one. */
  toString(): string;
}

/**
 * A pattern by RE2's automata: the time of a match grows with its text and never more, whatever the
 * pattern is. Look-around and references back are syntax that RE2 does not have.
 * @throws Error with a message for people when the pattern is outside RE2 or over a bound
 */
export function linearPattern(pattern: string): LinearPattern {
  if (pattern.length > PATTERN_LENGTH_MAX) {
    throw new Error(`A pattern has at most ${PATTERN_LENGTH_MAX} characters.`);
  }
  const compiled = RE2JS.compile(pattern);
  if (compiled.programSize() > PROGRAM_MAX) {
    throw new Error(`The pattern ${pattern} counts too far: it needs too many states.`);
  }
  return {
    toString: () => pattern,
    test: (text) => text.length <= MATCHED_LENGTH_MAX && compiled.matcher(text).find(),
  };
}
