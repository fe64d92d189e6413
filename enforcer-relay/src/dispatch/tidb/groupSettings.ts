import { elapsedUnitMillis, groupPrefixOf } from '@prorata/quota-model';
import type { TidbPriority, TidbSettings } from '@prorata/quota-model';
import type { ResourceDeclaration } from '@prorata/schemas';
import type { BurstableOff } from './groupsText.ts';
import { presetResource } from './presetResource.ts';

/** A dispatcher's settings with everything filled in that they leave open. */
export interface GroupSettings {
  readonly prefix: string;
  readonly resource: string;
  /** By tier. */
  readonly priorities: readonly TidbPriority[];
  readonly burstableTiers: readonly number[];
  readonly burstableOff: BurstableOff;
  /** Resources that bound one query; null: none does. */
  readonly queryLimit: {
    readonly elapsed: string | null;
    readonly elapsedUnitMillis: bigint;
    readonly processedKeys: string | null;
    readonly requestUnits: string | null;
  };
}

const PRIORITIES: readonly TidbPriority[] = ['HIGH', 'HIGH', 'MEDIUM', 'LOW', 'LOW'];
/** Where BURSTABLE is a mode; a server where it is a boolean refuses the word, and its answer names the setting. */
export const BURSTABLE_OFF: BurstableOff = 'OFF';

/**
 * @param settings as registered, or nothing where a text alone is made
 * @returns why they cannot be used
 */
export function groupSettingsOf(
  settings: Partial<TidbSettings>,
  application: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): GroupSettings | string {
  const resource = settings.resource ?? presetResource(resources);
  if (resource === null) {
    return 'Which resource counts request units? No dispatcher says so ("resource"), and there is not just one rate.';
  }
  const { queryLimits = {} } = settings;
  const elapsed = queryLimits.elapsed ?? null;
  const unit = elapsed === null ? 'ms' : (resources.get(elapsed)?.unit ?? '');
  const unitMillis = elapsedUnitMillis(unit);
  if (unitMillis === null) return `${elapsed ?? ''} is in no unit of time that is known here.`;
  return {
    prefix: groupPrefixOf(settings, application),
    resource,
    priorities: settings.priorities ?? PRIORITIES,
    burstableTiers: settings.burstableTiers ?? [],
    burstableOff: settings.burstableOff ?? BURSTABLE_OFF,
    queryLimit: {
      elapsed,
      elapsedUnitMillis: unitMillis,
      processedKeys: queryLimits.processedKeys ?? null,
      requestUnits: queryLimits.requestUnits ?? null,
    },
  };
}
