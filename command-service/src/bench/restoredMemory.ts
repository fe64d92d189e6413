/** A process with `--expose-gc` that restores a partition as its owner would, and says what it holds then. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { partitionOf } from '@prorata/kafka-port';
import { connectLog, createCodec, createLogger, readLogSettings } from '@prorata/service-runtime';
import { LogSnapshots } from '../snapshot/logSnapshots.ts';
import { encoder } from '../writer/outRecords.ts';
import { restorePartition } from '../writer/restorePartition.ts';
import { writerTopicsIn } from '../writer/writerTopics.ts';
import { STREAM } from './bigTree.ts';

function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('It needs --expose-gc.');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

const settings = readLogSettings(process.env);
const port = connectLog(settings, 'bench-restore');
const codec = createCodec(settings);
const topics = writerTopicsIn(settings.namespace);
const logger = createLogger('bench-restore', 'warn');
const admin = await port.admin();
const [description] = await admin.describeTopics([topics.events]);
await admin.close();
const partition = partitionOf(STREAM, description?.partitions ?? 0);
const now = BigInt(Date.now()) * 1_000n;
const before = heapBytes();
const startedMs = performance.now();
const restored = await (async () => {
  const snapshots = new LogSnapshots({
    log: port.log,
    codec,
    encode: encoder(codec),
    topics,
    logger,
    everyEvents: Number.MAX_SAFE_INTEGER,
    taken: () => undefined,
    breathe: () => nextTurn(),
  });
  const point = await snapshots.restorePoint(partition, now);
  return restorePartition({ log: port.log, codec, topics, logger }, partition, point, now);
})();
const seconds = (performance.now() - startedMs) / 1_000;
const { state } = restored.streams.get(STREAM) ?? {};
const quotas = state?.kind === 'application' ? state.quotas.size : 0;
const bytes = (heapBytes() - before) / quotas;
process.stdout.write(`${JSON.stringify({ quotas, seconds, bytes })}\n`);
await port.close();
// Alive until here, so that the measure above is of it.
process.exit(restored.streams.size > 0 ? 0 : 1);
