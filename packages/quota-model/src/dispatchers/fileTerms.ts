import type { JsonObject } from '../validate/jsonObject.ts';
import { settingsSchema } from './dispatcherTerms.ts';
import type { DispatcherTerms, KeptSettings } from './dispatcherTerms.ts';
import { filePathFault } from './filePath.ts';

export interface FileSettings extends KeptSettings {
  /** Who may read it beside its owner. */
  readonly mode?: '0600' | '0640' | '0644';
  /** In which language; `rules` is the JSON of the rules, others are modules of the operator's. */
  readonly format?: string;
}

/** The name of a format: its own, or that of a module of the operator's. */
export const formatSchema: JsonObject = {
  type: 'string',
  pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
};

export const fileTerms: DispatcherTerms = {
  settingsSchema: settingsSchema({
    mode: { enum: ['0600', '0640', '0644'] },
    format: formatSchema,
  }),
  targetFault: filePathFault,
};
