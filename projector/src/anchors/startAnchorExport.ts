import { mkdir, readFile } from 'node:fs/promises';
import type { LogPort } from '@prorata/kafka-port';
import { inNamespace } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import type { Settings } from '@prorata/service-runtime';
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Logger } from '../logger.ts';
import { PartitionExport } from './anchorExport.ts';
import type { ExportStatus } from './anchorExport.ts';
import { anchorWebhook } from './anchorWebhook.ts';

const MICROS_PER_SECOND = 1_000_000;

export interface AnchorExportParts {
  readonly log: Pick<LogPort, 'log'>;
  readonly codec: Codec;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly partitions: number;
}

export interface AnchorExport {
  stop(): Promise<void>;
}

/** Exports the anchors of all partitions where a folder is set; null where none is. */
export async function startAnchorExport(
  settings: Settings,
  { log, codec, logger, registry, partitions }: AnchorExportParts,
): Promise<AnchorExport | null> {
  const {
    directory = null,
    webhookUrl = null,
    webhookTokenFile = null,
  } = settings.anchorExport ?? {};
  if (directory === null) return null;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const failures = new Counter({
    name: 'prorata_anchor_export_failures_total',
    help: 'Tries to export an anchor that failed and are repeated.',
    labelNames: ['to'],
    registers: [registry],
  });
  const token = async (): Promise<string | null> =>
    webhookTokenFile === null ? null : (await readFile(webhookTokenFile, 'utf8')).trim();
  const deliver = webhookUrl === null ? null : anchorWebhook(webhookUrl, token);
  const topic = inNamespace('quota.events', settings.namespace);
  const exports = Array.from({ length: partitions }, (_, partition) => {
    const failed = (to: 'file' | 'webhook'): void => failures.inc({ to });
    return new PartitionExport(
      { topic, partition },
      { log, codec, logger, directory, deliver, failed },
    );
  });
  exportMetrics(registry, () => exports.map(({ status }) => status));
  const running = exports.map((each) =>
    each.run().catch((error: unknown) => {
      logger.error({ err: error }, 'Anchors of a partition are not exported any more.');
    }),
  );
  return {
    async stop() {
      await Promise.all(exports.map((each) => each.stop()));
      await Promise.all(running);
    },
  };
}

function exportMetrics(registry: Registry, statuses: () => readonly ExportStatus[]): void {
  const gauge = (name: string, help: string, of: (status: ExportStatus) => number | null): void => {
    new Gauge({
      name: `prorata_anchor_export_${name}`,
      help,
      labelNames: ['partition'],
      registers: [registry],
      collect() {
        this.reset();
        for (const status of statuses()) {
          const value = of(status);
          if (value !== null) this.set({ partition: status.partition }, value);
        }
      },
    });
  };
  gauge(
    'last_timestamp_seconds',
    'When the last anchor in the file was made; absent: there is none.',
    ({ exportedAt }) => (exportedAt === null ? null : Number(exportedAt) / MICROS_PER_SECOND),
  );
  gauge(
    'undelivered_bytes',
    'Bytes of the file that the webhook has not taken.',
    ({ undeliveredBytes }) => undeliveredBytes,
  );
  gauge(
    'contradicted',
    '1: the log is not the one whose anchors were exported, and somebody has to look.',
    ({ contradiction }) => (contradiction === null ? 0 : 1),
  );
}
