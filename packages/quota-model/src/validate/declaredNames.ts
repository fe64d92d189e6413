/** What a registration's lists of named things have in common: rules, validators, dispatchers. */
import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';

/** A name stands in metrics, messages and settings: lower-case letters, digits, inner hyphens. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** The name of a secret in an operator's settings; a secret itself, put here by mistake, seldom fits. */
const SECRET_NAME = /^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$/;

/** @returns that there are too many (and nothing else), or each name that is wrong or stands twice */
export function nameViolations(
  named: readonly { readonly name: string }[],
  most: number,
  path: string,
): Violation[] {
  if (named.length > most) return [violation('TOO_MANY', path, `At most ${most} are taken.`)];
  const seen = new Set<string>();
  return named.flatMap(({ name }, index) => {
    const at = `${path}/${index}/name`;
    if (!NAME.test(name)) {
      return [invalid(at, 'A name has 1 to 63 of a-z, 0-9 and inner hyphens.')];
    }
    if (seen.has(name)) return [invalid(at, `${name} is declared twice.`)];
    seen.add(name);
    return [];
  });
}

export function secretNameViolations(secretRef: string | null, path: string): Violation[] {
  if (secretRef === null || SECRET_NAME.test(secretRef)) return [];
  return [invalid(path, 'A secret is named (a-z, 0-9, inner . _ -), never given.')];
}

export function invalid(path: string, message: string): Violation {
  return violation('REGISTRATION_INVALID', path, message);
}
