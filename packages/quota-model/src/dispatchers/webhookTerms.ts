import { isHttpUrl } from '../validate/httpUrl.ts';
import { settingsSchema } from './dispatcherTerms.ts';
import type { DispatcherTerms, KeptSettings } from './dispatcherTerms.ts';
import { formatSchema } from './fileTerms.ts';

export interface WebhookSettings extends KeptSettings {
  /** In which language; `rules` is the JSON of the rules, others are modules of the operator's. */
  readonly format?: string;
  /** Whether GET at the same address tells the checksum of what was taken. */
  readonly readBack?: boolean;
}

export const webhookTerms: DispatcherTerms = {
  settingsSchema: settingsSchema({ format: formatSchema, readBack: { type: 'boolean' } }),
  targetFault: (target) =>
    isHttpUrl(target) ? null : 'A webhook is an address http(s)://host[:port][/path].',
};
