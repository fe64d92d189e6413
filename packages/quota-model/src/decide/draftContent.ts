import { authorityViolations } from '../authority/authorityViolations.ts';
import type { EventDraft, QuotaState } from '../model.ts';
import { inRolloutViolations } from '../rollouts/rolloutReach.ts';
import { rightsizedUnder } from '../rightsizingBounds.ts';
import { about } from './answer.ts';
import type { StepTerms } from './decideTree.ts';
import type { TreeDraft } from './treeDraft.ts';

type DataOf<T extends EventDraft['type']> = Extract<EventDraft, { type: T }>['data'];

/** An event that gives a quota other content. */
export type ContentEvent =
  | { readonly type: 'QuotaChanged'; readonly data: DataOf<'QuotaChanged'> }
  | { readonly type: 'QuotaRestored'; readonly data: DataOf<'QuotaRestored'> };

/**
 * Adds the event to the draft, and what of it the sender may not do to the objections.
 *
 * @param pathOf where in the step stands what a raise or a limit is about; null: the content as a whole
 */
export function draftContent(
  draft: TreeDraft,
  quota: QuotaState,
  event: ContentEvent,
  { path, sender }: StepTerms,
  pathOf: (of: string | null) => string,
): void {
  const { content } = event.data;
  const after = { content, rightsized: rightsizedUnder(draft.after.registration, quota, content) };
  const step = { quotaId: quota.quotaId, before: quota, after };
  const at = (of: string | null): string => `${path}${pathOf(of)}`;
  draft.objections.push(
    ...authorityViolations(draft.after, step, sender, at, draft.comparisons),
    ...inRolloutViolations(draft.after, quota.quotaId, `${path}/quotaId`),
  );
  draft.append({ ...event, ...about(quota) }, at);
}
