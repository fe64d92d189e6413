import { settingsSchema } from './dispatcherTerms.ts';
import type { DispatcherTerms } from './dispatcherTerms.ts';

export const tidbTerms: DispatcherTerms = {
  settingsSchema: settingsSchema({}),
  targetFault: () => null,
};
