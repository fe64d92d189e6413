import { createMemoryLog, VirtualClock } from '@prorata/kafka-port';
import type { MemoryProcess } from '@prorata/kafka-port';
import { Codec, memoryIds } from '@prorata/schemas';
import { accessGuard, createLogger, createService, tokenVerifier } from '@prorata/service-runtime';
import type { Service, Tracing } from '@prorata/service-runtime';
import { Registry } from 'prom-client';
import type { Clock } from '../src/clock.ts';
import { bodyBytesMax } from '../src/gateway/bodyBytes.ts';
import { startGateway } from '../src/gateway/startGateway.ts';
import { commandSigner } from '../src/signature/commandSigner.ts';
import { publicKeysFrom } from '../src/signature/publicKeys.ts';
import { checkAtOnce } from '../src/signature/checkBytes.ts';
import { LogSnapshots } from '../src/snapshot/logSnapshots.ts';
import { commandTracing } from '../src/writer/commandTracing.ts';
import { encoder } from '../src/writer/outRecords.ts';
import { startWriter } from '../src/writer/startWriter.ts';
import type { RunningWriter } from '../src/writer/startWriter.ts';
import { writerMetrics } from '../src/writer/writerMetrics.ts';
import { writerTopicsIn } from '../src/writer/writerTopics.ts';
import { readFile } from 'node:fs/promises';
import { makeSecrets, tokenIssuer } from './secrets.ts';
import type { TestSecrets } from './secrets.ts';

const PARTITIONS = 2;
const STEP_MS = 2;
const OUTCOME_TIMEOUT_MS = 2_000;

/** The gateway and the writer as they are, over a log in memory that keeps time with the wall. */
export interface MemoryService {
  readonly url: string;
  readonly secrets: TestSecrets;
  readonly service: Service;
  readonly gateway: Awaited<ReturnType<typeof startGateway>>;
  readonly writer: RunningWriter | null;
  /** The log's own, as somebody who may do all. */
  readonly port: MemoryProcess;
  close(): Promise<void>;
}

export interface MemoryServiceOptions {
  readonly withWriter?: boolean;
  readonly outcomeTimeoutMs?: number;
  readonly tracing?: Tracing;
  readonly projectorUrl?: string;
  readonly validatorHosts?: readonly string[];
  readonly secretsDirectory?: string;
}

export async function startMemoryService(
  options: MemoryServiceOptions = {},
): Promise<MemoryService> {
  const secrets = await makeSecrets();
  const virtual = new VirtualClock(Date.now());
  const log = createMemoryLog({ seed: 1, clock: virtual });
  const topics = writerTopicsIn('');
  for (const topic of Object.values(topics)) log.createTopic(topic, PARTITIONS);
  const clock: Clock = {
    now: () => BigInt(Math.round(virtual.nowMs * 1_000)),
    after: (milliseconds, run) => virtual.after(milliseconds, run),
  };
  const heart = keepTime(virtual);
  const codec = new Codec(memoryIds());
  const logger = createLogger('test', 'silent');
  const port = log.connect();
  const group = 'command-service';
  const tracing = options.tracing ?? null;
  const shared = { port, codec, group, tracing, topics, partitions: PARTITIONS, clock, logger };
  const metrics = new Registry();
  const verify = tokenVerifier({ tokens: { issuer: tokenIssuer, jwksFile: secrets.jwksFile } });
  const gateway = await startGateway({
    ...shared,
    settings: settingsOf(options),
    registry: metrics,
    sign: commandSigner(secrets.keyId, await readFile(secrets.keyFile, 'utf8')),
    outcomeTimeoutMs: options.outcomeTimeoutMs ?? OUTCOME_TIMEOUT_MS,
  });
  const service = createService({
    name: 'gateway',
    settings: { http: { host: '127.0.0.1', port: 0 } },
    logger,
    metrics,
    bodyBytesMax,
    patience: { lastAnswersMs: 0 },
    access: accessGuard('gateway', verify),
    routes: (router) => gateway.routes(router),
    streamingRoutes: (router) => gateway.streamingRoutes(router),
    ready: () => gateway.checks(),
  });
  const { url } = await service.listen();
  const writer =
    options.withWriter === false
      ? null
      : await startWriter({
          ...shared,
          publicKeyOf: (await publicKeysFrom(secrets.publicKeysFile, { onFault: () => undefined }))
            .of,
          checkBytes: checkAtOnce,
          snapshots: new LogSnapshots({
            ...shared,
            log: port.log,
            encode: encoder(codec),
            everyEvents: 1_000,
            taken: () => undefined,
          }),
          metrics: writerMetrics(metrics),
          trace: tracing === null ? undefined : commandTracing(tracing),
          sessionTimeoutMs: 6_000,
        });
  return {
    url,
    secrets,
    service,
    gateway,
    writer,
    port: log.connect(),
    async close() {
      await service.close();
      await gateway.stop();
      await writer?.stop();
      await port.close();
      heart.stop();
      await secrets.remove();
    },
  };
}

function settingsOf(options: MemoryServiceOptions): Parameters<typeof startGateway>[0]['settings'] {
  const { projectorUrl = null, validatorHosts = [], secretsDirectory = null } = options;
  return {
    urls: { projector: projectorUrl, relay: null, rightsizer: null, gateway: null },
    tokenFile: null,
    validators: { hosts: validatorHosts, secretsDirectory },
  };
}

/** Moves virtual time as the wall's moves; one step at a time, each to its end. */
function keepTime(clock: VirtualClock): { stop(): void } {
  let isStopped = false;
  const beat = async (): Promise<void> => {
    while (!isStopped) {
      await clock.advance(Math.max(STEP_MS, Date.now() - clock.nowMs));
      await new Promise((resolve) => setTimeout(resolve, STEP_MS));
    }
  };
  void beat();
  return { stop: () => void (isStopped = true) };
}
