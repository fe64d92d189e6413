import {
  accessGuard,
  assertTopics,
  connectLog,
  createCodec,
  createLogger,
  createMetrics,
  createService,
  requireSetting,
  startTracing,
  tokenVerifier,
} from '@prorata/service-runtime';
import type { RunningService, Service, Settings } from '@prorata/service-runtime';
import { Router } from 'express';
import { startAnchorExport } from './anchors/startAnchorExport.ts';
import { searchPool } from './database/searchPool.ts';
import { streamHeads } from './database/tables.ts';
import { EventTail } from './feed/eventTail.ts';
import { Feeds } from './feed/feeds.ts';
import { GenerationFeed } from './generations/generationFeed.ts';
import { GenerationKeeper } from './generations/keeper.ts';
import { liveRoutes } from './generations/liveRoutes.ts';
import { LiveTables } from './generations/liveTables.ts';
import type { Live } from './generations/liveTables.ts';
import { projections } from './generations/projections.ts';
import type { ProjectionDefinition } from './generations/projections.ts';
import { LagMeter } from './lag/lagMeter.ts';
import { StreamHeads } from './lag/streamHeads.ts';
import { projectorMetrics } from './metrics.ts';
import { applicationRoutes } from './routes/applicationRoutes.ts';
import { awaitAtLeast } from './routes/atLeast.ts';
import { auditRoutes } from './routes/auditRoutes.ts';
import { budgetRoutes } from './routes/budgetRoutes.ts';
import { commandRoutes } from './routes/commandRoutes.ts';
import { commitmentRoutes } from './routes/commitmentRoutes.ts';
import { conditionalAnswers } from './routes/conditionalAnswers.ts';
import { diffRoutes } from './routes/diffRoutes.ts';
import { feedRoutes } from './routes/feedRoutes.ts';
import { historyRoutes } from './routes/historyRoutes.ts';
import { holdingRoutes } from './routes/holdingRoutes.ts';
import { hostRoutes } from './routes/hostRoutes.ts';
import { listingRoutes } from './routes/listingRoutes.ts';
import { openapi } from './routes/openapi.ts';
import { proposalRoutes } from './routes/proposalRoutes.ts';
import { rolloutRoutes } from './routes/rolloutRoutes.ts';
import { quotaRoutes } from './routes/quotaRoutes.ts';
import { targetRoutes } from './routes/targetRoutes.ts';
import { unusedRoutes } from './routes/unusedRoutes.ts';
import { versionRoutes } from './routes/versionRoutes.ts';
import { projectedTopics, readTopics } from './routes/readModels.ts';
import { Readiness } from './readiness.ts';
import { openDatabase } from './roles/openDatabase.ts';
import type { Database } from './roles/openDatabase.ts';

export interface Projector extends RunningService {
  readonly url: string;
}

export interface ProjectorOptions {
  readonly sessionTimeoutMs?: number;
  /** Other projections than those of this version; for tests. */
  readonly definitions?: readonly ProjectionDefinition[];
  /** How long a copy that is no longer read stays, milliseconds. */
  readonly graceMs?: number;
}

/** Makes tables where they are missing, joins the groups that fill them and serves the routes, in this order. */
export async function startProjector(
  settings: Settings,
  options: ProjectorOptions = {},
): Promise<Projector> {
  const logger = createLogger('projector', settings.logLevel);
  const databaseUrl = requireSetting(settings.databaseUrl, 'DATABASE_URL', 'the tables’ database');
  const { definitions = projections, sessionTimeoutMs, ...kept } = options;
  const { namespace } = settings;
  const log = connectLog(settings, 'projector');
  const codec = createCodec(settings);
  const tracing = await startTracing('projector');
  const admin = await log.admin();
  const partitions = await assertTopics(admin, settings, [...readTopics]).finally(() =>
    admin.close(),
  );
  const queryUrl = settings.queryDatabaseUrl ?? null;
  const database = await openDatabase(databaseUrl, queryUrl, logger);
  const { pool, roles, openTables } = database;

  const tail = new EventTail({ live: () => tables.live, logger, partitions });
  const feeds = new Feeds(tail, { logger, partitions });
  const tables: LiveTables = new LiveTables(definitions, (schemas) =>
    openLive(schemas, {
      definitions,
      database,
      feeds,
      ground: { log: log.log, namespace, partitions },
    }),
  );
  const registry = createMetrics('projector');
  const keeper = new GenerationKeeper({
    ...{ pool, definitions, partitions, tables, roles, logger, namespace },
    openAdmin: () => log.admin(),
    newFeed: (definition, generation) =>
      new GenerationFeed(definition, generation, {
        log,
        codec,
        logger,
        namespace,
        tracing,
        openTables,
        applied: (schema, topic, records) => metrics.applied(schema, topic, records),
        skipped: (schema, topic) => metrics.skipped(schema, topic),
        ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
      }),
    ...kept,
  });
  const metrics = projectorMetrics(registry, { keeper, tables, topics: readTopics, feeds });
  const readiness = new Readiness(tables, projectedTopics);
  const service: Service = createService({
    name: 'projector',
    settings,
    logger,
    openapi,
    metrics: registry,
    access: accessGuard('projector', tokenVerifier(settings)),
    ready: () => readiness.checks(keeper),
    routes: (router) => liveRoutes(router, tables, queryRoutes),
  });
  const anchored = { log, codec, logger, registry, partitions };
  const anchorExport = await startAnchorExport(settings, anchored);
  await keeper.start();
  readiness.start();
  const { url } = await service.listen();
  logger.info({ url }, 'The projector is up.');
  return {
    url,
    finished: keeper.finished,
    async stop() {
      readiness.stop();
      await feeds.close();
      await service.close();
      await keeper.stop();
      await anchorExport?.stop();
      await log.close();
      const traced = tracing?.stop().catch(() => undefined);
      await Promise.all([pool.end(), tables.stop(), traced]);
    },
  };
}

interface LiveParts {
  readonly definitions: readonly ProjectionDefinition[];
  readonly database: Database;
  readonly feeds: Feeds;
  readonly ground: Pick<
    ConstructorParameters<typeof LagMeter>[0],
    'log' | 'namespace' | 'partitions'
  >;
}

/** What answers from these copies. */
function openLive(
  schemas: readonly string[],
  { definitions, database, feeds, ground }: LiveParts,
): Live {
  const pool = database.openQueries(schemas);
  const searching = database.openSearches(schemas);
  const lag = new LagMeter({ ...ground, pool, schemas });
  const heads = new StreamHeads(pool, withHeads(definitions, schemas));
  const models = { pool, searches: searchPool(searching), lag, heads, feeds };
  const router = Router();
  queryRoutes(router, models);
  return { ...models, schemas, pools: [pool, searching], router };
}

/** Of the copies, those that tell how far they show each stream; reports are of no stream. */
function withHeads(
  definitions: readonly ProjectionDefinition[],
  schemas: readonly string[],
): readonly string[] {
  return schemas.filter((_, index) => definitions[index]?.tables.includes(streamHeads));
}

/** Every route over the tables. */
export function queryRoutes(router: Router, models: Parameters<typeof quotaRoutes>[1]): void {
  // What became of a command follows from the outcomes, of which no write's token speaks.
  commandRoutes(router, models);
  router.use(conditionalAnswers);
  router.use(awaitAtLeast(models));
  applicationRoutes(router, models);
  quotaRoutes(router, models);
  versionRoutes(router, models);
  historyRoutes(router, models);
  feedRoutes(router, models);
  diffRoutes(router, models);
  commitmentRoutes(router, models);
  holdingRoutes(router, models);
  unusedRoutes(router, models);
  auditRoutes(router, models);
  proposalRoutes(router, models);
  rolloutRoutes(router, models);
  budgetRoutes(router, models);
  listingRoutes(router, models);
  hostRoutes(router, models);
  targetRoutes(router, models);
}
