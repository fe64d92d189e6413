import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { inNamespace } from '@prorata/schemas';
import {
  accessGuard,
  assertTopics,
  breathing,
  connectLog,
  createCodec,
  createLogger,
  createMetrics,
  createService,
  requireSetting,
  startTracing,
  tokenVerifier,
} from '@prorata/service-runtime';
import type { ReadyCheck, RunningService, Settings } from '@prorata/service-runtime';
import { anchorPartsFrom } from './anchor/anchorSigner.ts';
import { wallClock } from './clock.ts';
import { bodyBytesMax } from './gateway/bodyBytes.ts';
import { OUTCOME_TIMEOUT_MS } from './gateway/submit/commandDesk.ts';
import { startGateway } from './gateway/startGateway.ts';
import type { RunningGateway } from './gateway/startGateway.ts';
import type { CommandServiceOptions, CommandServiceRole } from './readArguments.ts';
import { turnSigner } from './signature/commandSigner.ts';
import { publicKeysFrom } from './signature/publicKeys.ts';
import type { PublicKeys } from './signature/publicKeys.ts';
import { checkInThreads } from './signature/checkBytes.ts';
import { LogSnapshots, SNAPSHOT_EVENTS } from './snapshot/logSnapshots.ts';
import { commandTracing } from './writer/commandTracing.ts';
import { batchTime } from './writer/batchTime.ts';
import { PARTITION_QUOTAS_MAX } from './writer/decideBatch.ts';
import { encoder } from './writer/outRecords.ts';
import type { Pulse } from './watchdog/watchdog.ts';
import { startWriter } from './writer/startWriter.ts';
import type { RunningWriter } from './writer/startWriter.ts';
import { writerMetrics } from './writer/writerMetrics.ts';
import { writerTopicNames, writerTopicsIn } from './writer/writerTopics.ts';

/** The writers' group, and the first part of their transactional ids. */
const GROUP = 'command-service';

export interface RunningCommandService extends RunningService {
  readonly url: string;
  /** What must turn for this process to be of use. */
  pulses(): readonly Pulse[];
}

/** One process of the command-service; once it listens, `/readyz` says what it still waits for. */
export async function startCommandService(
  role: CommandServiceRole,
  settings: Settings,
  options: CommandServiceOptions = {},
): Promise<RunningCommandService> {
  const name = role === 'both' ? GROUP : `${GROUP}-${role}`;
  const logger = createLogger(name, settings.logLevel);
  const port = connectLog(settings, name);
  const codec = createCodec(settings);
  const topics = writerTopicsIn(settings.namespace);
  const group = inNamespace(GROUP, settings.namespace);
  const metrics = createMetrics(name);
  const tracing = await startTracing(name);
  const shared = { port, codec, topics, group, tracing, logger, clock: wallClock };
  const stops: (() => Promise<void>)[] = [() => port.close()];
  // Spans are sent last, and never keep a process from ending.
  if (tracing !== null) stops.unshift(() => tracing.stop().catch(() => undefined));
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const partitions = await countPartitions(port, settings, role);
    const gateway =
      role === 'writer'
        ? null
        : await openGateway({ ...shared, partitions, registry: metrics }, settings, options);
    if (gateway !== null) stops.push(() => gateway.stop());
    let writer: RunningWriter | null = null;
    const service = createService({
      name,
      settings,
      logger,
      metrics,
      access: accessGuard('gateway', tokenVerifier(settings)),
      routes: (router) => gateway?.routes(router),
      streamingRoutes: (router) => gateway?.streamingRoutes(router),
      bodyBytesMax,
      ready: () => checks(role, gateway, writer),
    });
    const { url } = await service.listen();
    stops.push(() => service.close());
    if (role !== 'gateway') {
      const started = await openWriter({ ...shared, partitions }, settings, options, metrics);
      writer = started;
      stops.push(() => started.stop());
    }
    // First of all, while the writer still decides: who waits for an outcome gets one, or is told where.
    if (gateway !== null) stops.push(() => gateway.drain());
    logger.info({ url, role, partitions }, 'listening');
    const faults = [gateway?.finished, writer?.finished].filter((each) => each !== undefined);
    const pulses = (): readonly Pulse[] => writer?.pulses() ?? [];
    return { url, stop, pulses, finished: Promise.race(faults) };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Shared = Omit<
  Parameters<typeof startGateway>[0],
  'settings' | 'sign' | 'outcomeTimeoutMs' | 'registry'
> &
  Pick<Parameters<typeof startWriter>[0], 'topics'>;

async function countPartitions(
  port: Shared['port'],
  settings: Settings,
  role: CommandServiceRole,
): Promise<number> {
  const { commands, outcomes } = writerTopicNames;
  const admin = await port.admin();
  try {
    // Each principal may describe only what it reads or writes.
    const topics = role === 'gateway' ? [commands, outcomes] : Object.values(writerTopicNames);
    return await assertTopics(admin, settings, topics);
  } finally {
    await admin.close();
  }
}

async function openGateway(
  shared: Shared & Pick<Parameters<typeof startGateway>[0], 'registry'>,
  settings: Settings,
  { outcomeTimeoutMs = OUTCOME_TIMEOUT_MS }: CommandServiceOptions,
): Promise<RunningGateway> {
  const { keyFile, keyId } = settings.signing;
  const file = requireSetting(
    keyFile,
    'PRORATA_SIGNING_KEY_FILE',
    'the Ed25519 key of the gateway',
  );
  const id = requireSetting(keyId, 'PRORATA_SIGNING_KEY_ID', 'the name of that key');
  const sign = turnSigner(id, await readFile(file, 'utf8'));
  return startGateway({ ...shared, settings, sign, outcomeTimeoutMs });
}

async function openWriter(
  shared: Shared,
  settings: Settings,
  { sessionTimeoutMs, keysRereadMs }: CommandServiceOptions,
  registry: Parameters<typeof writerMetrics>[0],
): Promise<RunningWriter> {
  const file = requireSetting(
    settings.signing.publicKeysFile,
    'PRORATA_SIGNING_PUBLIC_KEYS_FILE',
    'the public keys of the gateways, as JSON',
  );
  const metrics = writerMetrics(registry);
  const encode = encoder(shared.codec);
  const anchors = await anchorPartsFrom(settings);
  if (anchors === null) {
    shared.logger.warn(
      'nothing is anchored: without PRORATA_ANCHOR_KEY_FILE a log that is cut off or written anew looks whole',
    );
  }
  const snapshots = new LogSnapshots({
    ...shared,
    log: shared.port.log,
    encode,
    everyEvents: settings.snapshotEvents ?? SNAPSHOT_EVENTS,
    taken: () => metrics.snapshots.inc(),
    leftOut: () => metrics.snapshotsLeftOut.inc(),
    breathe: () => nextTurn(),
  });
  const keys = await publicKeysFrom(file, {
    ...(keysRereadMs === undefined ? {} : { unknownRereadMs: keysRereadMs }),
    onFault: (error) => {
      shared.logger.error({ err: error, file }, 'the public keys cannot be read again');
    },
  });
  metrics.watchPublicKeys(keys.areStale);
  const writer = await startWriter({
    ...shared,
    publicKeyOf: keys.of,
    checkBytes: checkInThreads,
    snapshots,
    metrics,
    ...(shared.tracing === null ? {} : { trace: commandTracing(shared.tracing) }),
    breathe: breathing(),
    batchTime: () => batchTime(),
    quotasMax: settings.partitionQuotasMax ?? PARTITION_QUOTAS_MAX,
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
    ...(anchors === null ? {} : { anchors }),
  });
  return { ...writer, checks: () => [...writer.checks(), publicKeysCheck(keys)] };
}

/** The writer serves on with the keys it knows; somebody has to hear that none can be revoked meanwhile. */
function publicKeysCheck({ areStale }: Pick<PublicKeys, 'areStale'>): ReadyCheck {
  const detail = areStale() ? 'the file cannot be read again: the log says why' : 'as in the file';
  return { name: 'public keys', ok: true, detail };
}

function checks(
  role: CommandServiceRole,
  gateway: RunningGateway | null,
  writer: RunningWriter | null,
): ReadyCheck[] {
  return [
    ...(gateway?.checks() ?? []),
    ...(role === 'gateway' ? [] : [{ name: 'writer joined', ok: writer !== null }]),
    ...(writer?.checks() ?? []),
  ];
}
