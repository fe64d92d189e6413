import type { Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { isSegment } from '../ids.ts';
import { TEXT_LENGTH_MAX } from '../modelBounds.ts';

/** A name for people, or a group of the identity provider. */
export function nameViolations(text: string, path: string): Violation[] {
  if (text.trim() === '') return [violation('ORGANIZATION_INVALID', path, 'It is not named.')];
  if (text.length <= TEXT_LENGTH_MAX) return [];
  return [violation('TOO_LARGE', path, `A name has at most ${TEXT_LENGTH_MAX} characters.`)];
}

export function teamIdViolations(teamId: string, path: string): Violation[] {
  if (isSegment(teamId)) return [];
  const message = 'A team is named by a-z, 0-9 and inner hyphens.';
  return [violation('ORGANIZATION_INVALID', path, message)];
}
