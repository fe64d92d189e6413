/** What one kind of dispatcher takes in a registration. */
import type { ResourceDeclaration } from '@prorata/schemas';
import type { JsonObject } from '../validate/jsonObject.ts';

/** A fault at a JSON pointer below the settings; '' is the settings themselves. */
export interface SettingsFault {
  readonly path: string;
  readonly message: string;
}

export interface DispatcherTerms {
  /** JSON Schema 2020-12 of the settings. */
  readonly settingsSchema: JsonObject;
  /** What is wrong with a target of this kind, for people; null: nothing. Settings are valid by the schema. */
  targetFault(target: string, settings: JsonObject): string | null;
  /** What the schema cannot say. Absent: nothing. */
  faults?(
    settings: JsonObject,
    resources: ReadonlyMap<string, ResourceDeclaration>,
  ): SettingsFault[];
  /** Members of the settings that are addresses, beside the target, which is one where it is an http(s) URL. */
  readonly addresses?: readonly string[];
  /** The address that a target stands for which is no URL and yet a host's. Absent: none. */
  addressOf?(target: string): string;
}

/** Every kind takes these. */
export interface KeptSettings {
  /** Between two looks at the target, seconds. */
  readonly pollSeconds?: number;
  /** What is done when somebody else changed the target: written again, or only told. */
  readonly onDrift?: 'restore' | 'report';
}

export const keptProperties = {
  pollSeconds: { type: 'integer', minimum: 1, maximum: 3_600 },
  onDrift: { enum: ['restore', 'report'] },
} as const;

/** An object of these members and those that every kind takes, and no others. */
export const settingsSchema = (
  properties: JsonObject,
  required: readonly string[] = [],
): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties: { ...keptProperties, ...properties },
});
