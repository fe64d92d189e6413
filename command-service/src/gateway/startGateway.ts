import { readFile } from 'node:fs/promises';
import type { LogPort } from '@prorata/kafka-port';
import type { Codec } from '@prorata/schemas';
import { followAll } from '@prorata/service-runtime';
import type { Logger, ReadyCheck, Settings, Tracing } from '@prorata/service-runtime';
import type { Router } from 'express';
import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { SignCommand } from '../signature/commandSigner.ts';
import { commandRoutes } from './commandRoutes.ts';
import { gatewayMetrics } from './gatewayMetrics.ts';
import { gatewayObserver } from './gatewayObserver.ts';
import { openApiMerger } from './openApi.ts';
import { PartitionOwners } from './partitionOwners.ts';
import { proxyRoutes } from './proxyRoutes.ts';
import { resourceRoutes } from './resourceRoutes.ts';
import { createReverseProxy } from './reverseProxy.ts';
import { CommandDesk } from './submit/commandDesk.ts';
import { Lanes } from './submit/lanes.ts';
import { OutcomeBook } from './submit/outcomeBook.ts';
import { PastContents } from './submit/pastContents.ts';
import { projectorAsker } from './validators/askProjector.ts';
import { RegistrationBook } from './validators/registrationBook.ts';
import { shownProposal } from './validators/shownProposal.ts';
import { ValidatorDesk } from './validators/validatorDesk.ts';
import { validatorMetrics } from './validators/validatorMetrics.ts';

/** Most outcomes come within milliseconds; what is later is asked of another gateway, milliseconds. */
const DRAIN_MS = 3_000;

export interface GatewayOptions {
  readonly port: LogPort;
  readonly codec: Codec;
  readonly settings: Pick<Settings, 'dispatch' | 'urls' | 'tokenFile' | 'validators'>;
  /** Full names. */
  readonly topics: { readonly commands: string; readonly outcomes: string };
  readonly partitions: number;
  /** The writers' group, full name. */
  readonly group: string;
  readonly registry: Registry;
  readonly tracing: Tracing | null;
  readonly sign: SignCommand;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly outcomeTimeoutMs: number;
}

export interface RunningGateway {
  routes(router: Router): void;
  /** Before any body is read: what other services answer. */
  streamingRoutes(router: Router): void;
  checks(): readonly ReadyCheck[];
  /**
   * Takes no more commands, gives those under way a moment to be decided, and answers the rest with
   * where their outcome will be.
   */
  drain(): Promise<void>;
  /** Rejects when outcomes can no longer be followed. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/** Opens the publisher and follows the outcomes from now on; the routes are for the caller to mount. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { port, codec, settings, topics, partitions, logger } = options;
  const publisher = await port.publisher();
  const book = new OutcomeBook(codec, logger);
  const outcomes = followAll(port, topics.outcomes, partitions, (record) => book.onRecord(record), {
    from: 'end',
  });
  const metrics = gatewayMetrics(options.registry, () => book.waiting);
  const owners = new PartitionOwners({
    ...options,
    topic: topics.commands,
    seen: (partition, isOwned) => metrics.owned.set({ partition }, isOwned ? 1 : 0),
  });
  owners.start();
  let isDraining = false;
  const validators = validatorDeskOf(options);
  const desk = new CommandDesk({
    ...options,
    validators,
    publisher,
    topic: topics.commands,
    book,
    observer: gatewayObserver({ ...options, metrics }),
    lanes: new Lanes(options.clock),
  });
  const contents = new PastContents({ projectorUrl: settings.urls.projector });
  const proxy = createReverseProxy(logger);
  const { projector, relay, rightsizer } = settings.urls;
  const urls = { projector, relay, rightsizer };
  const merged = openApiMerger(Object.values(urls).filter((url) => url !== null));

  return {
    routes(router) {
      router.get('/openapi.json', async (_request, response) => {
        response.json(await merged());
      });
      resourceRoutes(router, desk, contents, book);
      commandRoutes(router, {
        desk,
        book,
        askProjector:
          projector === null
            ? null
            : (request, response) => proxy.forward(request, response, projector, 'projector'),
      });
    },
    streamingRoutes(router) {
      proxyRoutes(router, { urls, proxy });
    },
    checks: () => [
      {
        name: 'outcomes followed',
        ok: outcomes.isCaughtUp,
        detail: `${book.waiting} callers wait`,
      },
      owners.check(),
      { name: 'taking commands', ok: !isDraining },
    ],
    async drain() {
      isDraining = true;
      await desk.end(DRAIN_MS);
    },
    finished: outcomes.finished,
    async stop() {
      await Promise.all([outcomes.stop(), publisher.close(), owners.stop()]);
      proxy.close();
    },
  };
}

/** Asks by what the projector shows, in the gateway's own name. */
function validatorDeskOf({ settings, clock, logger, registry }: GatewayOptions): ValidatorDesk {
  const { tokenFile, urls } = settings;
  const ask = projectorAsker({
    projectorUrl: urls.projector,
    token: async () => (tokenFile === null ? null : (await readFile(tokenFile, 'utf8')).trim()),
  });
  const asProjectorShows = { ask, logger };
  const desk = new ValidatorDesk({
    registrations: new RegistrationBook(asProjectorShows),
    proposalOf: (application, proposalId) =>
      shownProposal(asProjectorShows, application, proposalId),
    hosts: new Set(settings.validators.hosts),
    dispatchHosts: new Set(settings.dispatch?.hosts ?? []),
    secretsDirectory: settings.validators.secretsDirectory,
    clock,
    asked: (each) => metrics(each),
  });
  const metrics = validatorMetrics(registry, desk);
  return desk;
}
