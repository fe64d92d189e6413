import type { RequestHandler, Router } from 'express';
import { requestTarget } from './requestTarget.ts';
import type { ReverseProxy } from './reverseProxy.ts';
import { upstreamOf } from './routeTable.ts';
import type { Upstream } from './routeTable.ts';

export interface ProxyRoutesParts {
  /** Where each service is; null: there is none. */
  readonly urls: Readonly<Record<Upstream, string | null>>;
  readonly authenticate: RequestHandler;
  readonly proxy: Pick<ReverseProxy, 'forward'>;
}

/**
 * What the services behind answer. A target that can be read in two ways is refused for every route,
 * the gateway's own included; nothing is passed on for a caller without a token, though the service
 * behind checks it again.
 */
export function proxyRoutes(router: Router, { urls, authenticate, proxy }: ProxyRoutesParts): void {
  router.use((request, response, next) => {
    const upstream = upstreamOf(requestTarget(request.originalUrl).path);
    const base = upstream === null ? null : urls[upstream];
    if (base === null) {
      next();
      return undefined;
    }
    return authenticate(request, response, (error?: unknown) => {
      if (error !== undefined) next(error);
      else proxy.forward(request, response, base);
    });
  });
}
