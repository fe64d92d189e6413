import type { ProblemViolation } from '@prorata/service-runtime';

type Json = Readonly<Record<string, unknown>>;

/** Where the parts of a patch stand in the ChangeQuota that they become. */
export const patchFields: Readonly<Record<string, string>> = {
  setLimits: 'limits',
  onlySetLimits: 'limits',
  labelsPatch: 'labels',
  attributesPatch: 'attributes',
};
const CLEARABLE: ReadonlySet<string> = new Set(['degradeTag', 'mode', 'onStale', 'requests']);
const REQUIRED: ReadonlySet<string> = new Set(['owner', 'tier', 'cutPriority', 'action']);

/** What a patch becomes, and `__proto__`, which no field can be: written out, each would be lost or win unseen. */
const NO_MEMBERS: ReadonlySet<string> = new Set([
  ...Object.keys(patchFields),
  'unsetLimits',
  'clear',
  '__proto__',
]);

/**
 * A merge patch of a quota's content (RFC 7396) as the fields of a ChangeQuota: lists are replaced
 * whole, labels and attributes merge member by member, null takes away what may be absent.
 */
export function changeOfPatch(patch: Json): {
  readonly fields: Json;
  readonly violations: readonly ProblemViolation[];
} {
  const fields: Record<string, unknown> = {};
  const clear: string[] = [];
  const violations: ProblemViolation[] = [];
  for (const [name, value] of Object.entries(patch)) {
    if (NO_MEMBERS.has(name)) {
      violations.push({ path: `/${name}`, message: 'is not a field here' });
    } else if (value === null && REQUIRED.has(name)) {
      violations.push({ path: `/${name}`, message: 'cannot be taken away' });
    } else if (value === null && CLEARABLE.has(name)) clear.push(name);
    else if (name === 'limits') {
      fields['setLimits'] = value ?? [];
      fields['onlySetLimits'] = true;
    } else if (name === 'labels' || name === 'attributes') {
      if (value === null) fields[name] = {};
      else fields[`${name}Patch`] = value;
    } else fields[name] = value ?? [];
  }
  return { fields: { ...fields, clear }, violations };
}
