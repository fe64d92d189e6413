/** The kinds of dispatchers that this relay has. */
import type { Dispatcher, DispatcherKind } from '@prorata/schemas';
import { TargetRefused } from './dispatcher.ts';
import type { DispatcherType } from './dispatcher.ts';
import { fileDispatcher } from './file/fileDispatcher.ts';
import { kubernetesDispatcher } from './kubernetes/kubernetesDispatcher.ts';
import { tidbDispatcher } from './tidb/tidbDispatcher.ts';
import { webhookDispatcher } from './webhook/webhookDispatcher.ts';
import { yunikornDispatcher } from './yunikorn/yunikornDispatcher.ts';

const types = new Map<DispatcherKind, DispatcherType>(
  [fileDispatcher, kubernetesDispatcher, tidbDispatcher, webhookDispatcher, yunikornDispatcher].map(
    (type) => [type.kind, type],
  ),
);

/** @throws TargetRefused when this relay has none of that kind */
export function dispatcherType({ kind }: Pick<Dispatcher, 'kind'>): DispatcherType {
  const type = types.get(kind);
  if (type === undefined) throw new TargetRefused(`This relay has no dispatcher for ${kind}.`);
  return type;
}
