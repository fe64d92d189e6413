import type { CreateQuota, QuotaContent } from '@prorata/schemas';
import { authorityViolations } from '../authority/authorityViolations.ts';
import { rolesAt } from '../authority/sender.ts';
import { applicationOf, byCodeUnit, parentOf, quotaIdFault } from '../ids.ts';
import { limitFor } from '../layers.ts';
import type { ApplicationState, Decision } from '../model.ts';
import { QUOTAS_PER_APPLICATION_MAX } from '../modelBounds.ts';
import { projectOf } from '../payers.ts';
import { contentViolations } from '../validate/contentShape.ts';
import { fitViolations } from '../validate/fit.ts';
import { limitListViolations } from '../validate/limitShape.ts';
import { accept, refusal, refuse } from './answer.ts';
import { versionFault } from './preconditions.ts';

export function createQuota(state: ApplicationState, command: CreateQuota): Decision {
  const { quotaId, content, envelope } = command;
  const refused =
    placeFault(state, quotaId) ??
    versionFault(envelope, 0n) ??
    payerFault(state, quotaId, content.project);
  if (refused !== null) return refused;
  const after = { content, rightsized: new Map() };
  const authority = refusal(
    authorityViolations(state, { quotaId, before: null, after }, envelope, (of) =>
      contentPathOf(content, of),
    ),
  );
  if (authority !== null) return authority;
  const { resources } = state.registration;
  const shape = refusal([
    ...contentViolations(content, '/content', resources),
    ...limitListViolations(content.limits, '/content/limits', {
      resources,
      roles: rolesAt(envelope, quotaId),
    }),
  ]);
  if (shape !== null) return shape;
  const candidate = {
    quotaId,
    project: content.project,
    limitOf: (resource: string) => limitFor(content.limits, resource),
  };
  const named = content.limits.map((limit) => limit.resource);
  const pathOf = (resource: string): string => `/content/limits/${named.indexOf(resource)}`;
  const fit = refusal(fitViolations(state, candidate, named, pathOf));
  if (fit !== null) return fit;
  return accept([
    {
      type: 'QuotaCreated',
      data: { content: inOrder(content) },
      quotaId,
      quotaVersion: 1n,
    },
  ]);
}

/** Where in the content stands what a raise is about. */
function contentPathOf(content: QuotaContent, of: string): string {
  const index = content.limits.findIndex(({ resource }) => resource === of);
  return index < 0 ? `/content/${of}` : `/content/limits/${index}`;
}

function placeFault(state: ApplicationState, quotaId: string): Decision | null {
  const fault = quotaIdFault(quotaId);
  if (fault === 'form') return refuse('QUOTA_ID_INVALID', '/quotaId', 'This is no quota id.');
  if (fault === 'depth') return refuse('QUOTA_TOO_DEEP', '/quotaId', 'The path is too deep.');
  if (fault === 'reserved') {
    return refuse('QUOTA_ID_RESERVED', '/quotaId', `${quotaId} uses a reserved name.`);
  }
  if (applicationOf(quotaId) !== state.id) {
    const message = `${quotaId} belongs to another application than ${state.id}.`;
    return refuse('WRONG_STREAM', '/quotaId', message);
  }
  if (state.quotas.has(quotaId)) {
    return refuse('QUOTA_EXISTS', '/quotaId', `${quotaId} is there already.`);
  }
  const parent = parentOf(quotaId);
  if (parent !== state.id && !state.quotas.has(parent)) {
    return refuse('PARENT_UNKNOWN', '/quotaId', `The parent ${parent} does not exist.`);
  }
  if (state.quotas.size >= QUOTAS_PER_APPLICATION_MAX) {
    const message = `${state.id} has ${QUOTAS_PER_APPLICATION_MAX} quotas, the most it may have.`;
    return refuse('TOO_MANY', '/quotaId', message);
  }
  return null;
}

/** One payer for a whole subtree below where it is set. */
function payerFault(
  state: ApplicationState,
  quotaId: string,
  project: string | null,
): Decision | null {
  const payer = projectOf(state, parentOf(quotaId));
  if (project === null || payer === null || payer === project) return null;
  return refuse('PAYER_CONFLICT', '/content/project', `${payer} pays for everything below here.`);
}

/** Lists by resource are kept sorted, so that equal contents are equal events. */
export function inOrder(content: QuotaContent): QuotaContent {
  const byResource = (a: { resource: string }, b: { resource: string }): number =>
    byCodeUnit(a.resource, b.resource);
  return {
    ...content,
    limits: [...content.limits].sort(byResource),
    rightsizing: [...content.rightsizing].sort(byResource),
  };
}
