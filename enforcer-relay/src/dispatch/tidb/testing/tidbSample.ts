/** An application, and its dispatcher to a double on this machine. */
import type { Dispatcher } from '@prorata/schemas';
import type { TargetAccess } from '../../dispatcher.ts';
import { resource } from '../../testing/dispatchedSets.ts';
import { noAccess } from '../../testing/targetAccess.ts';
import type { TidbDouble } from './tidbDouble.ts';

export const PASSWORD = 'correct horse battery';
export const resources = [
  resource('ru', 'rate', 'ru'),
  resource('query-time', 'capacity', 's'),
  resource('query-keys', 'capacity', 'key'),
];

export function dispatcherFor(port: number, more: object = {}): Dispatcher {
  return {
    name: 'cluster',
    kind: 'tidb',
    target: `localhost:${port}`,
    secretRef: 'tidb-password',
    settings: JSON.stringify({
      user: 'prorata',
      resource: 'ru',
      queryLimits: { elapsed: 'query-time', processedKeys: 'query-keys' },
      tls: false,
      ...more,
    }),
  };
}

export function accessTo({ port }: TidbDouble): TargetAccess {
  return {
    ...noAccess,
    hosts: new Set([`localhost:${port}`]),
    secret: () => Promise.resolve(PASSWORD),
  };
}
