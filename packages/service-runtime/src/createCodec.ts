import { Codec, registryIds } from '@prorata/schemas';
import type { LogSettings } from './settings.ts';

export function createCodec(settings: Pick<LogSettings, 'registryUrl' | 'namespace'>): Codec {
  return new Codec(registryIds(settings.registryUrl), settings.namespace);
}
