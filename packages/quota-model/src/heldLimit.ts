/** What holds a quota back apart from cuts and overrides, which come and go by themselves. */
import type { ResourceLimit } from '@prorata/schemas';
import { ancestorsOf } from './ids.ts';
import { declaredLimit } from './layers.ts';
import type { DeclaredTerms } from './layers.ts';
import { inheritedLimit, minLimit } from './limits.ts';
import type { ApplicationState } from './model.ts';

/** What is declared on the quota and above it, whichever is least; null where none of them says. */
export function heldLimit(
  state: ApplicationState,
  quota: DeclaredTerms & { readonly quotaId: string },
  resource: string,
): ResourceLimit | null {
  let held = declaredLimit(quota, resource);
  for (const id of ancestorsOf(quota.quotaId)) {
    const ancestor = state.quotas.get(id);
    const own = ancestor === undefined ? null : declaredLimit(ancestor, resource);
    if (own !== null) held = held === null ? inheritedLimit(own) : minLimit(held, own);
  }
  return held;
}
