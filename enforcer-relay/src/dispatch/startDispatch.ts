import type { TargetReport } from '@prorata/schemas';
import type { Logger, Settings } from '@prorata/service-runtime';
import { DispatchOwner } from './dispatchOwner.ts';
import { keepTargets } from './keepTargets.ts';
import { loadFormats } from './loadFormats.ts';

/** @throws FormatUnusable for a module of the operator's that is none */
export async function startDispatch(
  settings: Pick<Settings, 'dispatch' | 'validators'>,
  logger: Logger,
  report: (report: TargetReport) => Promise<void>,
): Promise<DispatchOwner> {
  const directory = settings.dispatch?.formatsDirectory ?? null;
  if (directory !== null) {
    logger.info({ formats: await loadFormats(directory) }, 'Formats are loaded.');
  }
  return new DispatchOwner(keepTargets({ settings, logger, report }), logger);
}
