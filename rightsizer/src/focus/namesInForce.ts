import type { LogView } from '../view/logView.ts';
import { presetProvider } from './focusNames.ts';
import type { FocusNames } from './focusNames.ts';

/** Kinds that are counted by the second that they are held. */
const held: ReadonlySet<string> = new Set(['capacity', 'concurrency']);

/** What things are called now, by the log as far as it is read. */
export function namesInForce(
  view: Pick<LogView, 'application' | 'organization'>,
  provider = presetProvider,
): FocusNames {
  return {
    provider,
    organizationName: (id) => view.organization(id)?.registration?.displayName ?? null,
    projectName(project) {
      const organization = view.organization(project.split('/', 1)[0] ?? '');
      return organization?.projects.get(project)?.displayName ?? null;
    },
    unitOf(application, resource) {
      const declared = view.application(application)?.registration.resources.get(resource);
      if (declared === undefined) return null;
      return { unit: declared.unit, isHeld: held.has(declared.kind) };
    },
    labelsOf(quotaId) {
      const application = view.application(quotaId.split('/', 1)[0] ?? '');
      return application?.quotas.get(quotaId)?.content.labels ?? null;
    },
  };
}
