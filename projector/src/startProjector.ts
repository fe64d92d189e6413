import type { OwnedSource } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import {
  accessGuard,
  assertTopics,
  connectLog,
  createCodec,
  createLogger,
  createService,
  requireSetting,
  tokenVerifier,
} from '@prorata/service-runtime';
import type { ReadyCheck, RunningService, Service, Settings } from '@prorata/service-runtime';
import type { Router } from 'express';
import { applyMigrations } from './database/applyMigrations.ts';
import { openPool } from './database/openPool.ts';
import { LagMeter } from './lag/lagMeter.ts';
import { StreamHeads } from './lag/streamHeads.ts';
import { projectorMetrics } from './metrics.ts';
import { PartitionOwner } from './partition/partitionOwner.ts';
import { EventsProjection } from './projection/eventsProjection.ts';
import { OutcomesProjection } from './projection/outcomesProjection.ts';
import type { Projection } from './projection/projection.ts';
import { applicationRoutes } from './routes/applicationRoutes.ts';
import { awaitAtLeast } from './routes/atLeast.ts';
import { auditRoutes } from './routes/auditRoutes.ts';
import { budgetRoutes } from './routes/budgetRoutes.ts';
import { commandRoutes } from './routes/commandRoutes.ts';
import { listingRoutes } from './routes/listingRoutes.ts';
import { openapi } from './routes/openapi.ts';
import { proposalRoutes } from './routes/proposalRoutes.ts';
import { quotaRoutes } from './routes/quotaRoutes.ts';
import { versionRoutes } from './routes/versionRoutes.ts';
import { Readiness } from './readiness.ts';

/** Names the checkpoint rows; another name would be another set of tables. */
export const PROJECTION = 'current';

interface ProjectedTopic {
  readonly topic: string;
  readonly group: string;
  readonly newProjection: (partition: number) => Projection;
}

const projectedTopics: readonly ProjectedTopic[] = [
  {
    topic: 'quota.events',
    group: 'projector',
    newProjection: (partition) => new EventsProjection('quota.events', partition),
  },
  {
    topic: 'quota.outcomes',
    group: 'projector-outcomes',
    newProjection: (partition) => new OutcomesProjection('quota.outcomes', partition),
  },
];

export interface Projector extends RunningService {
  readonly url: string;
}

/** Migrates, joins the groups and serves the routes, in this order. */
export async function startProjector(
  settings: Settings,
  options: { readonly sessionTimeoutMs?: number } = {},
): Promise<Projector> {
  const logger = createLogger('projector', settings.logLevel);
  const databaseUrl = requireSetting(settings.databaseUrl, 'DATABASE_URL', 'the tables’ database');
  const broken = (error: Error): void => logger.warn({ err: error }, 'A connection broke.');
  const [pool, queries] = [openPool(databaseUrl, broken), openPool(databaseUrl, broken)];
  const log = connectLog(settings, 'projector');
  const codec = createCodec(settings);
  const admin = await log.admin();
  const topics = projectedTopics.map(({ topic }) => topic);
  const partitions = await assertTopics(admin, settings, topics);
  await admin.close();
  const applied = await applyMigrations(pool);
  if (applied.length > 0) logger.info({ applied }, 'The tables were brought up to date.');

  const { namespace } = settings;
  const lag = new LagMeter({
    pool: queries,
    log: log.log,
    namespace,
    partitions,
    projectionName: PROJECTION,
  });
  const readiness = new Readiness(lag, topics);
  const owners: PartitionOwner[] = [];
  const service: Service = createService({
    name: 'projector',
    settings,
    logger,
    openapi,
    access: accessGuard('projector', tokenVerifier(settings)),
    ready: (): readonly ReadyCheck[] => readiness.checks(owners),
    routes: (router) =>
      queryRoutes(router, { pool: queries, lag, heads: new StreamHeads(queries) }),
  });
  const metrics = projectorMetrics(service.metrics, { owners, lag, topics });
  for (const { topic, group, newProjection } of projectedTopics) {
    owners.push(
      new PartitionOwner({
        log,
        codec,
        pool,
        logger,
        topic: inNamespace(topic, namespace),
        group: inNamespace(group, namespace),
        checkpointTopic: topic,
        projectionName: PROJECTION,
        newProjection,
        applied: (records) => metrics.applied(topic, records),
        ...options,
      }),
    );
  }
  const sources: OwnedSource[] = [];
  for (const owner of owners) sources.push(await owner.start());
  readiness.start();
  const { url } = await service.listen();
  logger.info({ url }, 'The projector is up.');
  return {
    url,
    finished: Promise.race(sources.map((source) => source.finished)),
    async stop() {
      readiness.stop();
      await service.close();
      await Promise.all(sources.map((source) => source.stop()));
      await log.close();
      await Promise.all([pool.end(), queries.end()]);
    },
  };
}

/** Every route over the tables. */
export function queryRoutes(router: Router, models: Parameters<typeof quotaRoutes>[1]): void {
  // What became of a command follows from the outcomes, of which no write's token speaks.
  commandRoutes(router, models);
  router.use(awaitAtLeast(models));
  applicationRoutes(router, models);
  quotaRoutes(router, models);
  versionRoutes(router, models);
  auditRoutes(router, models);
  proposalRoutes(router, models);
  budgetRoutes(router, models);
  listingRoutes(router, models);
}
