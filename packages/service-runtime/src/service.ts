import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { longToJson } from '@prorata/schemas';
import express from 'express';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { AccessGuard, RegisteredRoute } from './access/accessGuard.ts';
import { credentialsCheck, measureCredentials } from './access/credentialsHealth.ts';
import { answerClientError } from './clientErrors.ts';
import { createMetrics, measureRequests } from './httpMetrics.ts';
import { jsonBody } from './jsonBody.ts';
import { LastAnswers } from './lastAnswers.ts';
import { mergeOpenApi } from './openApi.ts';
import type { OpenApiFragment } from './openApi.ts';
import { problemHandler, routeNotFound } from './problem.ts';
import { cutSlowReaders } from './slowReaders.ts';

/** One thing that must hold before the service can do its work. */
export interface ReadyCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail?: string;
}

export interface ServiceOptions {
  readonly name: string;
  readonly settings: { readonly http: { readonly host: string; readonly port: number } };
  readonly logger: Logger;
  /**
   * Asked before every route, and before any body is read. A route that it does not know is a
   * TypeError when the service is made.
   */
  readonly access: AccessGuard;
  /** Routes with JSON bodies already parsed. */
  readonly routes: (router: express.Router) => void;
  /** Routes before any body is read: proxies and uploads. */
  readonly streamingRoutes?: (router: express.Router) => void;
  /** Asked at every `/readyz`; must not wait for anything. */
  readonly ready: () => readonly ReadyCheck[];
  readonly openapi?: OpenApiFragment;
  /** Largest JSON body, bytes, by request where they differ. Default 262,144. */
  readonly bodyBytesMax?: number | ((request: express.Request) => number);
  /** Where the service counts; made when absent. */
  readonly metrics?: Registry;
  /** Other patience than the preset; for tests. */
  readonly patience?: Partial<Patience>;
}

/** How long a client may take, milliseconds. */
export interface Patience {
  /** For the head of a request. */
  readonly headersMs: number;
  /** For a request as a whole. */
  readonly requestMs: number;
  /** With nothing moving, either way. */
  readonly idleMs: number;
  /** For the rest of an answer that is complete. */
  readonly answerMs: number;
  /** Between two looks at the first two. */
  readonly lookMs: number;
  /** At the end: how long callers with a connection open still get an answer that says to let go of it. */
  readonly lastAnswersMs: number;
}

export interface Service {
  /** Resolves when requests are taken, with the address, e.g. for port 0. */
  listen(): Promise<{ readonly url: string }>;
  /**
   * Tells callers to let go of their connections for a second, then takes no more requests, gives
   * running ones 5 s, and cuts them.
   */
  close(): Promise<void>;
  readonly metrics: Registry;
}

/** A command with the largest attributes, match and labels stays well under it. */
const BODY_BYTES_MAX = 262_144;
/** More connections than a host fleet's streams on one instance would need. */
const CONNECTIONS_MAX = 10_000;
/** A token of 8 KB, a path of 8 KB and room for the rest, bytes. */
const HEADERS_BYTES_MAX = 24_576;
/**
 * A head comes in one go from honest clients, a request in seconds; slow ones would hold connections for
 * ever. Event streams say something every 5 s, so that silence means that nobody is there.
 */
const PATIENCE: Patience = {
  headersMs: 10_000,
  requestMs: 30_000,
  idleMs: 60_000,
  answerMs: 60_000,
  lookMs: 5_000,
  // A connection that is closed the moment its caller sends is a reset, and who was reset does not know
  // what became of the request; balancers, too, take a moment to hear that this instance ends.
  lastAnswersMs: 1_000,
};
/** Running answers, event streams above all, are cut after this at shutdown, milliseconds. */
const CLOSE_GRACE_MS = 5_000;
/** Between two looks at whether somebody is connected still, milliseconds. */
const CONNECTIONS_LOOK_MS = 20;

/** An HTTP server with health, readiness, metrics, problems and limits as every service has them. */
export function createService(options: ServiceOptions): Service {
  const metrics = options.metrics ?? createMetrics(options.name);
  const patience = { ...PATIENCE, ...options.patience };
  const lastAnswers = new LastAnswers();
  const server = createServer(
    {
      requestTimeout: patience.requestMs,
      headersTimeout: patience.headersMs,
      connectionsCheckingInterval: patience.lookMs,
      maxHeaderSize: HEADERS_BYTES_MAX,
    },
    application(options, metrics, patience, lastAnswers),
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(patience.idleMs);
  server.on('clientError', answerClientError);
  return {
    metrics,
    listen: () => listen(server, options.settings.http),
    close: () => close(server, lastAnswers, patience.lastAnswersMs),
  };
}

function application(
  options: ServiceOptions,
  metrics: Registry,
  patience: Patience,
  lastAnswers: LastAnswers,
): express.Express {
  const app = express();
  app.disable('x-powered-by');
  // An ETag is the version that If-Match speaks of; of a whole body, with its lag, it would mean nothing.
  app.disable('etag');
  app.set('json replacer', (_name: string, value: unknown) =>
    typeof value === 'bigint' ? longToJson(value) : value,
  );
  app.use(lastAnswers.handler);
  app.use(measureRequests(metrics));
  measureCredentials(metrics, options.access.sources);
  app.use(cutSlowReaders(patience.answerMs));
  app.use(options.access.handler);
  app.get('/healthz', (_request, response) => {
    response.json({ status: 'up' });
  });
  app.get('/readyz', (_request, response) => {
    const checks = [...options.ready(), ...credentialsCheck(options.access.sources)];
    const ok = checks.every((check) => check.ok);
    response.status(ok ? 200 : 503).json({ status: ok ? 'ready' : 'not ready', checks });
  });
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics());
  });
  if (options.openapi !== undefined) {
    const document = mergeOpenApi(options.name, [options.openapi]);
    app.get('/openapi.json', (_request, response) => {
      response.json(document);
    });
  }
  if (options.streamingRoutes !== undefined) app.use(router(options.streamingRoutes, options));
  const bytesMax = options.bodyBytesMax ?? BODY_BYTES_MAX;
  app.use(jsonBody(typeof bytesMax === 'number' ? () => bytesMax : bytesMax));
  app.use(router(options.routes, options));
  app.use(routeNotFound);
  app.use(problemHandler(options.logger));
  return app;
}

function router(
  routes: (router: express.Router) => void,
  { access }: Pick<ServiceOptions, 'access'>,
): express.Router {
  const made = express.Router();
  routes(made);
  access.assertCovers(routesOf(made));
  return made;
}

/** Routes below a router of their own cannot be named by their whole path, so there are none. */
function routesOf({ stack }: express.Router): RegisteredRoute[] {
  return stack.flatMap(({ route, handle }) => {
    if ('stack' in handle) throw new TypeError('Routes stand on the router that is given.');
    if (route === undefined) return [];
    const methods = new Set(route.stack.map(({ method }) => method.toUpperCase()));
    return [...methods].map((method) => ({ method, path: route.path }));
  });
}

function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly url: string }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const bound = (server.address() as AddressInfo).port;
      resolve({ url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` });
    });
  });
}

async function close(
  server: Server,
  lastAnswers: LastAnswers,
  lastAnswersMs: number,
): Promise<void> {
  if (!server.listening) return;
  lastAnswers.begin();
  await connectionsGone(server, lastAnswersMs);
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** Resolves when nobody is connected, at the latest after `limitMs`. */
async function connectionsGone(server: Server, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (performance.now() < endMs && (await connectionsOf(server)) > 0) {
    await delay(CONNECTIONS_LOOK_MS);
  }
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((error, count) => resolve(error === null ? count : 0));
  });
}
