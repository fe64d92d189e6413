/** The parts of a change that say what differs, not what is: labels, attributes, fields set back. */
import type { ChangeQuota, QuotaContent, Violation } from '@prorata/schemas';
import { violation } from './answer.ts';

const clearable = ['degradeTag', 'mode', 'onStale', 'requests'] as const;
type Clearable = (typeof clearable)[number];

type Json = Readonly<Record<string, unknown>>;

/** Of each the value that the change names, else null when it clears it, else what was there. */
export function afterClearing(
  content: QuotaContent,
  command: Omit<ChangeQuota, 'envelope'>,
): Pick<QuotaContent, Clearable> {
  const isCleared = (field: Clearable): boolean => command.clear.includes(field);
  return {
    degradeTag: command.degradeTag ?? (isCleared('degradeTag') ? null : content.degradeTag),
    mode: command.mode ?? (isCleared('mode') ? null : content.mode),
    onStale: command.onStale ?? (isCleared('onStale') ? null : content.onStale),
    requests: command.requests ?? (isCleared('requests') ? null : content.requests),
  };
}

export function patchedLabels(
  labels: QuotaContent['labels'],
  patch: ChangeQuota['labelsPatch'],
): QuotaContent['labels'] {
  const after = new Map(Object.entries(labels));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) after.delete(name);
    else after.set(name, value);
  }
  return Object.fromEntries(after);
}

/** Texts of JSON objects; one that is none goes on as it is, for the check of the whole to find. */
export function patchedAttributes(attributes: string, patch: string | null): string {
  if (patch === null) return attributes;
  const [before, changes] = [objectIn(attributes), objectIn(patch)];
  if (changes === null) return patch;
  return before === null ? attributes : JSON.stringify(merged(before, changes));
}

/** @param at where the change stands in the command */
export function clearViolations({ clear }: Pick<ChangeQuota, 'clear'>, at: string): Violation[] {
  return clear.flatMap((field, index) => {
    if (clearable.some((name) => name === field)) return [];
    const message = `Only ${clearable.join(', ')} can be set back.`;
    return [violation('QUOTA_INVALID', `${at}/clear/${index}`, message)];
  });
}

/** RFC 7396, section 2: members of the patch replace, null removes, objects merge. */
function merged(target: Json, patch: Json): Json {
  const after = new Map(Object.entries(target));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) after.delete(name);
    else if (isObject(value)) {
      const old = after.get(name);
      after.set(name, merged(isObject(old) ? old : {}, value));
    } else after.set(name, value);
  }
  return Object.fromEntries(after);
}

function objectIn(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
