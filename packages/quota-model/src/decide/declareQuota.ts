import type { ChangeQuota, DeclareQuota, QuotaContent } from '@prorata/schemas';
import type { ApplicationState, Decision, DecisionContext } from '../model.ts';
import { refuse } from './answer.ts';
import { changeQuota } from './changeQuota.ts';
import { createQuota } from './createQuota.ts';

/** The same checks as a creation's where the quota is not there, and as a change's where it is. */
export function declareQuota(
  state: ApplicationState,
  command: DeclareQuota,
  context: DecisionContext,
): Decision {
  const quota = state.quotas.get(command.quotaId);
  if (quota === undefined) return createQuota(state, command, context);
  if (command.content.project !== quota.content.project) {
    const message = `${command.quotaId} stays with ${quota.content.project ?? 'the project above'}: who pays is said when a quota is created.`;
    return refuse('PAYER_CONFLICT', '/content/project', message);
  }
  const decision = changeQuota(state, changeTo(command), context);
  if (decision.kind === 'accepted') return decision;
  const [first, ...more] = decision.violations;
  return {
    kind: 'refused',
    violations: [inContent(first), ...more.map(inContent)],
  };
}

/** Says every field, so that nothing stays which the declaration leaves out. */
function changeTo({ envelope, quotaId, content }: DeclareQuota): ChangeQuota {
  const { limits, owner, tier, cutPriority, labels, attributes, match, action } = content;
  return {
    envelope,
    quotaId,
    ...{ owner, tier, cutPriority, labels, attributes, match, action },
    degradeTag: content.degradeTag,
    mode: content.mode,
    onStale: content.onStale,
    requests: content.requests,
    rightsizing: content.rightsizing,
    setLimits: limits,
    unsetLimits: [],
    onlySetLimits: true,
    labelsPatch: {},
    attributesPatch: null,
    clear: ['degradeTag', 'mode', 'onStale', 'requests'],
  };
}

const fields: ReadonlySet<string> = new Set<keyof QuotaContent>([
  'owner',
  'tier',
  'cutPriority',
  'labels',
  'attributes',
  'match',
  'action',
  'degradeTag',
  'mode',
  'onStale',
  'requests',
  'rightsizing',
]);

function inContent<V extends { readonly path: string }>(found: V): V {
  const [, first = '', ...rest] = found.path.split('/');
  if (first === 'setLimits') return { ...found, path: ['/content/limits', ...rest].join('/') };
  return fields.has(first) ? { ...found, path: `/content${found.path}` } : found;
}
