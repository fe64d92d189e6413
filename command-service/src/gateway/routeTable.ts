import { routeMatcher, routeRules } from '@prorata/service-runtime';
import type { ServiceName } from '@prorata/service-runtime';

export type Upstream = Exclude<ServiceName, 'gateway'>;

const match = routeMatcher(routeRules);

/** Which service behind answers a request; null: the gateway itself, or nobody. */
export function upstreamOf(method: string, path: string): Upstream | null {
  const found = match(method, path);
  if (found.kind === 'missing') return null;
  const [first] = found.rule.answeredBy;
  return first === undefined || first === 'gateway' ? null : first;
}

/** Whether the answer goes on for as long as the client listens. */
export function isEventStream(path: string): boolean {
  return /^\/v1\/(rules\/[^/]+\/stream|feed)\/?$/.test(path);
}
