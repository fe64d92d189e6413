import type { FileSettings } from '@prorata/quota-model';
import type { DispatcherType } from '../dispatcher.ts';
import { formatNamed } from '../formats.ts';
import { settingsOf } from '../settingsOf.ts';
import { filePlace } from './filePlace.ts';

const MODE = '0640';

/** The rules, or what a module of the operator's makes of them, in one file. */
export const fileDispatcher: DispatcherType = {
  kind: 'file',
  format: (dispatcher) => formatNamed((settingsOf(dispatcher) as FileSettings).format),
  place(dispatcher, access) {
    const { mode = MODE } = settingsOf(dispatcher) as FileSettings;
    return filePlace({ path: dispatcher.target, mode: Number.parseInt(mode, 8) }, access);
  },
};
