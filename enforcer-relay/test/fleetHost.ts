import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import {
  httpRules,
  httpUsage,
  isAdmitted,
  kafkaRules,
  kafkaUsage,
  startHost,
} from '@prorata/host-sdk';
import { connectKafka } from '@prorata/kafka-port';
import type { KafkaConnection } from '@prorata/kafka-port';
import { Codec, registryIds } from '@prorata/schemas';

/** A host in a process of its own: asks for so much a second, and prints what it was let through, each tenth of one. */
export interface FleetHostTerms {
  readonly hostId: string;
  readonly aSecond: number;
  readonly connection: KafkaConnection;
  readonly registryUrl: string;
  readonly namespace: string;
  /** null: rules, reports and leases by Kafka. */
  readonly http: { readonly url: string; readonly token: string } | null;
}

/** One line of what it prints. */
export interface FleetHostLine {
  /** The tenth of a second that it is about, since the epoch. */
  readonly tenth: number;
  readonly admitted: number;
  readonly degraded: boolean;
}

const TENTH_MS = 100;
const STEP_MS = 5;

const terms = JSON.parse(process.env['FLEET_HOST'] ?? '{}') as FleetHostTerms;
const { hostId, aSecond, http, namespace } = terms;
const port = connectKafka(terms.connection);
const codec = new Codec(registryIds(terms.registryUrl), namespace);
const log = { port, codec, namespace };
const host = await startHost({
  ...{ application: 'moka', hostId },
  rules: http === null ? kafkaRules(log) : httpRules(http),
  usage: http === null ? kafkaUsage(log) : httpUsage(http),
});
const handle = host.bind({ quota: 'moka/prod' });
let asked = 0;
const begunAt = performance.now();
let line = { tenth: Math.floor(Date.now() / TENTH_MS), admitted: 0, degraded: false };
for (;;) {
  const due = ((performance.now() - begunAt) / 1_000) * aSecond;
  for (; asked < due; asked += 1) {
    const tenth = Math.floor(Date.now() / TENTH_MS);
    if (tenth !== line.tenth) {
      process.stdout.write(`${JSON.stringify(line)}\n`);
      line = { tenth, admitted: 0, degraded: false };
    }
    if (isAdmitted(handle.take('tokens', 1))) line.admitted += 1;
    if (host.last.degraded) line.degraded = true;
  }
  await delay(STEP_MS);
}
