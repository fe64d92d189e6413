export type Upstream = 'projector' | 'relay' | 'rightsizer';

/** Which service answers which path; the first that matches. */
const routeTable: readonly { readonly path: RegExp; readonly upstream: Upstream }[] = [
  { path: /^\/v1\/budgets\/[^/]+\/[^/]+\/spend\/?$/, upstream: 'rightsizer' },
  { path: /^\/v1\/rightsizer(\/|$)/, upstream: 'rightsizer' },
  { path: /^\/v1\/(quotas|audit|proposals|budgets)(\/|$)/, upstream: 'projector' },
  { path: /^\/v1\/(rules|usage|reports)(\/|$)/, upstream: 'relay' },
];

/** null: the gateway's own, or nobody's. */
export function upstreamOf(path: string): Upstream | null {
  return routeTable.find((route) => route.path.test(path))?.upstream ?? null;
}

/** Whether the answer goes on for as long as the client listens. */
export function isEventStream(path: string): boolean {
  return /^\/v1\/rules\/[^/]+\/stream\/?$/.test(path);
}
