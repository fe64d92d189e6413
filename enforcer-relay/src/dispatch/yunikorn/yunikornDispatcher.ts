import type { YunikornSettings } from '@prorata/quota-model';
import type { Dispatcher } from '@prorata/schemas';
import { TargetRefused } from '../dispatcher.ts';
import type { DispatcherType, Place, TargetAccess } from '../dispatcher.ts';
import { filePlace } from '../file/filePlace.ts';
import { settingsOf } from '../settingsOf.ts';
import { configMapPlace } from './configMapPlace.ts';
import { Scheduler } from './scheduler.ts';
import { yunikornFormat } from './yunikornFormat.ts';

const KEY = 'queues.yaml';
/** The scheduler's user is seldom the relay's, and there is nothing secret in queues. */
const MODE = 0o644;

/**
 * YuniKorn's queues. Its REST interface takes no queues, it judges and confirms them: the text goes to a file or a
 * ConfigMap, and with `scheduler` it is judged before and confirmed after.
 */
export const yunikornDispatcher: DispatcherType = {
  kind: 'yunikorn',
  format: (dispatcher) => yunikornFormat(settingsOf(dispatcher)),
  place(dispatcher, access) {
    const settings = settingsOf(dispatcher) as YunikornSettings;
    const place = placeOf(dispatcher, settings, access);
    if (settings.scheduler === undefined) return place;
    const scheduler = new Scheduler(settings.scheduler, access);
    return {
      read: (signal) => place.read(signal),
      async write(text, former, signal) {
        await scheduler.mustTake(text, signal);
        await place.write(text, former, signal);
      },
      confirm: (text, signal) => scheduler.taken(text, signal),
    };
  },
};

function placeOf(dispatcher: Dispatcher, settings: YunikornSettings, access: TargetAccess): Place {
  const { target, secretRef } = dispatcher;
  if (settings.place !== 'configmap') return filePlace({ path: target, mode: MODE }, access);
  const [namespace = '', name = ''] = target.split('/');
  const { api, caRef = null, key = KEY } = settings;
  if (api === undefined) throw new TargetRefused('Where the Kubernetes API is, nobody says.');
  return configMapPlace({ api, namespace, name, key, secretRef, caRef }, access);
}
