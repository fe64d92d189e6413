import type { Dispatcher } from '@prorata/schemas';

/** The settings as the registration's check has let them through; nothing given is an empty object. */
export function settingsOf({ settings }: Dispatcher): object {
  return settings === null ? {} : (JSON.parse(settings) as object);
}
