import type { Logger } from '@prorata/service-runtime';
import { ProjectorAway } from './askProjector.ts';
import type { AskProjector } from './askProjector.ts';

/** What of a proposal is shown to a validator: what would change, and who asked for it and why. */
const SHOWN = [
  'proposalId',
  'quotaId',
  'steps',
  'limits',
  'unsetLimits',
  'evidence',
  'origin',
  'openedAt',
  'openedBy',
  'reason',
] as const;

/**
 * A proposal as the projector has it: it never changes, so what is read is what would be approved.
 * @returns null: none of this application is known, or nobody said. Never rejects.
 */
export async function shownProposal(
  { ask, logger }: { readonly ask: AskProjector | null; readonly logger: Logger },
  application: string,
  proposalId: string,
): Promise<object | null> {
  if (ask === null) return null;
  try {
    const path = `/v1/proposals/${encodeURIComponent(proposalId)}`;
    const read = (await ask(path)) as Record<string, unknown> | null;
    if (read?.['application'] !== application) return null;
    return Object.fromEntries(SHOWN.map((name) => [name, read[name]]));
  } catch (error) {
    if (!(error instanceof ProjectorAway))
      logger.warn({ err: error, application, proposalId }, 'a proposal could not be read');
    return null;
  }
}
