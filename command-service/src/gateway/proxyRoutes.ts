import type { Router } from 'express';
import { requestTarget } from './requestTarget.ts';
import type { ReverseProxy } from './reverseProxy.ts';
import { upstreamOf } from './routeTable.ts';
import type { Upstream } from './routeTable.ts';

export interface ProxyRoutesParts {
  /** Where each service is; null: there is none. */
  readonly urls: Readonly<Record<Upstream, string | null>>;
  readonly proxy: Pick<ReverseProxy, 'forward'>;
}

/**
 * What the services behind answer. A target that can be read in two ways is refused for every route,
 * the gateway's own included. The guard has let the caller in by the same table that the service
 * behind asks again.
 */
export function proxyRoutes(router: Router, { urls, proxy }: ProxyRoutesParts): void {
  router.use((request, response, next) => {
    const upstream = upstreamOf(request.method, requestTarget(request.originalUrl).path);
    const base = upstream === null ? null : urls[upstream];
    if (upstream === null || base === null) next();
    else proxy.forward(request, response, base, upstream);
  });
}
