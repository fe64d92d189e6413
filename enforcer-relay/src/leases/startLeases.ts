import type { LogPort } from '@prorata/kafka-port';
import type { Codec } from '@prorata/schemas';
import { inNamespace } from '@prorata/schemas';
import type { createLogger, Service } from '@prorata/service-runtime';
import type { Router } from 'express';
import { Counter, Gauge } from 'prom-client';
import { LeaseFeeds } from '../feed/leaseFeeds.ts';
import { leaseRoutes, LeaseStreams } from '../http/leaseRoutes.ts';
import { RELAY_GROUP } from '../rules/partitionRelay.ts';
import type { RulesOwnerOptions } from '../rules/rulesOwner.ts';
import type { RuleTopics } from '../rules/ruleTopics.ts';
import { PartitionLeases } from './partitionLeases.ts';

export interface LeasesOptions {
  readonly port: Pick<LogPort, 'writers' | 'log' | 'admin'>;
  readonly codec: Codec;
  readonly namespace: string;
  readonly topics: RuleTopics;
  readonly logger: ReturnType<typeof createLogger>;
}

/** Fleet-wide limits in one instance of the relay: who grants them, and how hosts without Kafka hear of it. */
export interface RunningLeases {
  readonly leasesOf: NonNullable<RulesOwnerOptions['leasesOf']>;
  routes(router: Router): void;
  measure(service: Service): void;
  /** Ends the streams, so that hosts turn to another instance at once. */
  endStreams(): void;
  close(): Promise<void>;
}

export function startLeases({ logger, topics, ...log }: LeasesOptions): RunningLeases {
  const failed = (error: unknown): void => logger.warn({ err: error }, 'A feed has failed.');
  const feeds = new LeaseFeeds({ ...log, topics, failed });
  const streams = new LeaseStreams();
  let written = 0;
  return {
    leasesOf: (partition, relay) =>
      new PartitionLeases({
        ...log,
        partition,
        group: inNamespace(RELAY_GROUP, log.namespace),
        rules: () => relay.fleetRules,
        wrote: (leases) => {
          written += leases;
        },
        failed: (error) => logger.warn({ err: error, ...partition }, 'Leases begin anew.'),
      }),
    routes: (router) => leaseRoutes(router, feeds, streams),
    measure: (service) => measureLeases(service, streams, () => written),
    endStreams: () => streams.close(),
    close: () => feeds.close(),
  };
}

function measureLeases({ metrics }: Service, streams: LeaseStreams, written: () => number): void {
  const registers = [metrics];
  new Gauge({
    ...{ name: 'relay_lease_streams', help: 'Open streams of leases.', registers },
    collect() {
      this.set(streams.size);
    },
  });
  new Counter({
    ...{ name: 'relay_leases_written_total', help: 'Leases and their ends written.', registers },
    collect() {
      this.reset();
      this.inc(written());
    },
  });
}
