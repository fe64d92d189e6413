import type { ApplicationState } from '@prorata/quota-model';
import type { Rule } from '@prorata/schemas';
import type { DispatchedSet } from './dispatcher.ts';

/** What targets are rendered from, by an application's state and its rules. */
export function dispatchedSetOf(
  state: Readonly<ApplicationState>,
  rules: ReadonlyMap<string, Rule>,
): DispatchedSet {
  const ids = [...rules.keys()].sort();
  return {
    application: state.id,
    resources: state.registration.resources,
    quotas: ids.flatMap((id) => {
      const rule = rules.get(id);
      const quota = state.quotas.get(id);
      if (rule === undefined || quota === undefined) return [];
      const { attributes, labels } = quota.content;
      return [{ rule, labels, attributes: JSON.parse(attributes) as Record<string, unknown> }];
    }),
  };
}
