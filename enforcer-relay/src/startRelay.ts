import { kafkaRules, kafkaUsage } from '@prorata/host-sdk';
import type { LogPort } from '@prorata/kafka-port';
import type { Codec } from '@prorata/schemas';
import {
  accessGuard,
  assertTopics,
  connectLog,
  createCodec,
  createLogger,
  createService,
  recordTracing,
  startTracing,
  tokenVerifier,
} from '@prorata/service-runtime';
import type { ReadyCheck, RunningService, Service, Settings } from '@prorata/service-runtime';
import { Counter, Gauge } from 'prom-client';
import { startDispatch } from './dispatch/startDispatch.ts';
import { measureTargets } from './dispatch/targetMetrics.ts';
import { RuleFeeds } from './feed/ruleFeeds.ts';
import { intakeRoutes } from './http/intakeRoutes.ts';
import { startLeases } from './leases/startLeases.ts';
import { relayOpenApi } from './http/openApi.ts';
import { rulesRoutes } from './http/rulesRoutes.ts';
import { RuleStreams } from './http/ruleStream.ts';
import { startRollouts } from './rollouts/startRollouts.ts';
import type { RunningRollouts } from './rollouts/startRollouts.ts';
import { DeliveryReports } from './reports/deliveryReports.ts';
import { ReportTopic } from './reports/reportTopic.ts';
import { RulesOwner } from './rules/rulesOwner.ts';
import { RuleTopics } from './rules/ruleTopics.ts';

export interface Relay extends RunningService {
  readonly url: string;
}

export interface RelayParts {
  readonly port: LogPort;
  readonly codec: Codec;
  readonly sessionTimeoutMs?: number;
}

const NAME = 'enforcer-relay';
const TOPICS = ['quota.events', 'usage.events', 'host.reports'];
/** 1,000 usage records of many resources. */
const BODY_BYTES_MAX = 2_097_152;

/** The whole service; `parts` replaces what it would connect to by the settings. */
export async function startRelay(settings: Settings, parts?: RelayParts): Promise<Relay> {
  const logger = createLogger(NAME, settings.logLevel);
  const port = parts?.port ?? connectLog(settings, NAME);
  const codec = parts?.codec ?? createCodec(settings);
  const tracing = await startTracing(NAME);
  const { namespace } = settings;
  const admin = await port.admin();
  const partitions = await assertTopics(admin, settings, TOPICS).finally(() => admin.close());
  const topics = new RuleTopics(port, codec, namespace);
  const failed = (error: unknown): void => logger.warn({ err: error }, 'A feed has failed.');
  const feeds = new RuleFeeds({ source: kafkaRules({ port, codec, namespace }), topics, failed });
  const streams = new RuleStreams();
  const channel = kafkaUsage({ port, codec, namespace });
  const reportTopic = new ReportTopic({ port, codec, namespace, partitions });
  const reports = new DeliveryReports({
    send: (said) => reportTopic.send(said.map((value) => ({ type: 'RulesDelivered', value }))),
    served: () => owner.deliveries,
    now: () => BigInt(Date.now()) * 1000n,
    failed: (error) => logger.warn({ err: error }, 'What was delivered is told later.'),
  });
  const targets = await startDispatch(settings, logger, (value) =>
    reportTopic.send([{ type: 'TargetReport', value }]),
  );
  const leases = startLeases({ port, codec, namespace, topics, logger });
  let rulesWritten = 0;
  const owner: RulesOwner = new RulesOwner({
    port,
    codec,
    topics,
    namespace,
    logger,
    wrote: (rules) => {
      rulesWritten += rules;
    },
    delivered: (applications) => reports.changed(applications),
    leasesOf: leases.leasesOf,
    trace: recordTracing(tracing, 'write rules'),
    watch: targets,
    ...(parts?.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: parts.sessionTimeoutMs }),
  });
  const service = createService({
    name: NAME,
    settings,
    logger,
    access: accessGuard('relay', tokenVerifier(settings)),
    routes: (router) => {
      rulesRoutes(router, feeds, streams);
      leases.routes(router);
      intakeRoutes(router, channel);
    },
    ready: () => readiness(owner),
    openapi: relayOpenApi,
    bodyBytesMax: BODY_BYTES_MAX,
  });
  measure(service, owner, feeds, streams, () => rulesWritten);
  leases.measure(service);
  measureTargets(service.metrics, targets);
  await owner.start();
  const rollouts = startRollouts({ port, codec, settings, logger, rollouts: () => owner.rollouts });
  measureRollouts(service, rollouts);
  const { url } = await service.listen();
  logger.info({ url }, 'The relay listens.');
  return {
    url,
    finished: owner.finished,
    async stop() {
      streams.close();
      leases.endStreams();
      await service.close();
      await rollouts.stop();
      await owner.stop();
      await reports.stop();
      await Promise.all([feeds.close(), leases.close()]);
      await Promise.all([channel.close(), topics.close(), reportTopic.close()]);
      await tracing?.stop().catch(() => undefined);
      if (parts === undefined) await port.close();
    },
  };
}

/** Without partitions an instance is ready all the same: it serves feeds, and stands by. */
function readiness(owner: RulesOwner): readonly ReadyCheck[] {
  return owner.partitions.map(({ partition, state, fault }) => ({
    name: `partition ${partition}`,
    ok: state === 'serving',
    ...(state === 'serving' ? {} : { detail: fault ?? state }),
  }));
}

function measureRollouts({ metrics }: Service, { controller }: RunningRollouts): void {
  const registers = [metrics];
  new Gauge({
    name: 'relay_rollouts',
    help: 'Rollouts that are on, in owned partitions.',
    registers,
    collect() {
      this.set(controller.waiting.on);
    },
  });
  new Gauge({
    name: 'relay_rollouts_waiting_for_reports',
    help: 'Of them, those whose stage has baked and whose gate has too little to go by.',
    registers,
    collect() {
      this.set(controller.waiting.forReports);
    },
  });
}

function measure(
  { metrics }: Service,
  owner: RulesOwner,
  feeds: RuleFeeds,
  streams: RuleStreams,
  rulesWritten: () => number,
): void {
  const registers = [metrics];
  new Gauge({
    name: 'relay_partition_next_offset',
    help: 'The first event not yet folded, by owned partition of quota.events.',
    labelNames: ['partition', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { partition, state, next } of owner.partitions) {
        this.set({ partition, state }, Number(next));
      }
    },
  });
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  gauge('relay_feeds', 'Applications whose rules are followed.', () => feeds.size);
  gauge('relay_streams', 'Open event streams.', () => streams.size);
  const counter = (name: string, help: string, total: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(total());
      },
    });
  };
  counter('relay_rules_written_total', 'Rules and tombstones written.', rulesWritten);
  counter('relay_streams_cut_total', 'Streams cut because nobody read.', () => streams.cut);
}
