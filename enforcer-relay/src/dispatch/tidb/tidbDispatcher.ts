import { groupPrefixOf } from '@prorata/quota-model';
import type { TidbSettings } from '@prorata/quota-model';
import type { Dispatcher } from '@prorata/schemas';
import { holdingOf } from '../checksum.ts';
import type { DispatcherType, Place, TargetAccess } from '../dispatcher.ts';
import { settingsOf } from '../settingsOf.ts';
import { applyGroups } from './applyGroups.ts';
import { BURSTABLE_OFF } from './groupSettings.ts';
import { textInForce } from './groupsInForce.ts';
import { tidbFormat } from './tidbFormat.ts';
import { withSession } from './tidbSession.ts';
import type { TidbLogin } from './tidbSession.ts';

/** Resource groups of a TiDB cluster, written and read back over the MySQL protocol. */
export const tidbDispatcher: DispatcherType = {
  kind: 'tidb',
  format: (dispatcher) => tidbFormat(settingsOf(dispatcher)),
  place: tidbPlace,
};

function tidbPlace(dispatcher: Dispatcher, access: TargetAccess): Place {
  const settings = settingsOf(dispatcher) as TidbSettings;
  const { burstableOff = BURSTABLE_OFF } = settings;
  const login: TidbLogin = {
    target: dispatcher.target,
    user: settings.user,
    passwordRef: dispatcher.secretRef,
    caRef: settings.caRef ?? null,
    isTls: settings.tls ?? true,
  };
  const prefix = groupPrefixOf(settings, access.application);
  return {
    async read(signal) {
      const rows = await withSession(login, access, signal, (session) => session.rows(prefix));
      return holdingOf(textInForce(prefix, burstableOff, rows));
    },
    async write(text, _former, signal) {
      await withSession(login, access, signal, (session) => applyGroups(session, text));
    },
  };
}
