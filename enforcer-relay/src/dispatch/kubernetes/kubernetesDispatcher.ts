import type { KubernetesSettings } from '@prorata/quota-model';
import type { Dispatcher } from '@prorata/schemas';
import { holdingOf } from '../checksum.ts';
import type { DispatcherType, Place, TargetAccess } from '../dispatcher.ts';
import { settingsOf } from '../settingsOf.ts';
import { applyManifests } from './applyManifests.ts';
import { clusterApi } from './clusterApi.ts';
import type { ClusterApi } from './clusterApi.ts';
import { kubernetesFormat } from './kubernetesFormat.ts';
import { APPLICATION_LABEL, DISPATCHER_LABEL, MANAGED_BY, MANAGED_BY_LABEL } from './manifest.ts';
import { textInForce } from './manifestsInForce.ts';

/** ResourceQuotas of a cluster, by server-side apply. */
export const kubernetesDispatcher: DispatcherType = {
  kind: 'kubernetes',
  format: (dispatcher) => kubernetesFormat(dispatcher.name, settingsOf(dispatcher)),
  place: kubernetesPlace,
};

function kubernetesPlace(dispatcher: Dispatcher, access: TargetAccess): Place {
  const { caRef = null } = settingsOf(dispatcher) as KubernetesSettings;
  const { target, secretRef: tokenRef } = dispatcher;
  const api = (signal: AbortSignal): ClusterApi =>
    clusterApi({ target, tokenRef, caRef }, access, signal);
  const selector = [
    `${MANAGED_BY_LABEL}=${MANAGED_BY}`,
    `${APPLICATION_LABEL}=${access.application}`,
    `${DISPATCHER_LABEL}=${dispatcher.name}`,
  ].join(',');
  return {
    read: async (signal) => holdingOf(textInForce(await api(signal).list(selector))),
    write: (text, _former, signal) => applyManifests(api(signal), selector, text),
  };
}
