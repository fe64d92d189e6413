import { settingsSchema } from './dispatcherTerms.ts';
import type { DispatcherTerms } from './dispatcherTerms.ts';

export const kubernetesTerms: DispatcherTerms = {
  settingsSchema: settingsSchema({}),
  targetFault: () => null,
};
