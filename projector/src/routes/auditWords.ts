import type { Condition } from './filters.ts';

/** Words of one question, and characters of all: each word is a look into the index. */
const WORDS_MAX = 16;
const LENGTH_MAX = 256;

/** What is wrong with the words that somebody looks for. */
export class WordsUnusable extends Error {
  override readonly name = 'WordsUnusable';
}

/**
 * Rows whose reason has all of the words, in any order; `quot*` stands for every word that begins so. What separates words
 * there separates them here.
 * @throws WordsUnusable when there is none, or there are too many
 */
export function wordsCondition(text: string): Condition {
  if (text.length > LENGTH_MAX) {
    throw new WordsUnusable(`must have at most ${LENGTH_MAX} characters`);
  }
  // A star after a letter or digit belongs to its word; anything else that is neither separates.
  const words = text.match(/[\p{L}\p{N}\p{M}]+\*?/gu) ?? [];
  if (words.length === 0) throw new WordsUnusable('must have a word in it');
  if (words.length > WORDS_MAX) throw new WordsUnusable(`must have at most ${WORDS_MAX} words`);
  const beginnings = words.filter((word) => word.endsWith('*'));
  const whole = words.filter((word) => !word.endsWith('*'));
  const queries = [
    ...whole.map((word) => ({ sql: `plainto_tsquery('simple', ?)`, value: word })),
    ...beginnings.map((word) => ({
      sql: `to_tsquery('simple', ?)`,
      // Letters and digits alone: nothing of it can be taken for an operator.
      value: `'${word.slice(0, -1)}':*`,
    })),
  ];
  return {
    sql: `words @@ (${queries.map(({ sql }) => sql).join(' && ')})`,
    values: queries.map(({ value }) => value),
  };
}
