import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, stat } from 'node:fs/promises';
import { finished, pipeline } from 'node:stream/promises';
import { partitionOf } from '@prorata/kafka-port';
import { anchoredPartition } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import type { Codec } from '@prorata/schemas';
import { countText } from '@prorata/service-runtime';
import type { AuditSource } from '../auditSource.ts';
import { Progress, tellWhile } from '../progress.ts';
import { ExportFilter } from './exportFilter.ts';
import type { ExportQuestion } from './exportFilter.ts';
import { exportLog } from './exportLog.ts';
import type { ExportReport, ExportTarget } from './exportLog.ts';
import { NdjsonTarget } from './ndjsonTarget.ts';
import { writeStaged } from './stagedFile.ts';

/** For whoever exports alone: reasons and subjects are nobody else's business. */
const MODE = 0o600;

export const exportFormats = ['ndjson', 'parquet'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOrder {
  readonly file: string;
  readonly format: ExportFormat;
  readonly question: ExportQuestion;
}

/** Has the log handed to a target. */
type Fill = (target: ExportTarget) => Promise<ExportReport>;
/** Opens the log, to be read from a time on where that is enough, and closes it after the work. */
export type OpenLog = (
  from: bigint | null,
  work: (source: AuditSource) => Promise<ExportReport>,
) => Promise<ExportReport>;

export interface ExportedFile extends ExportReport {
  readonly bytes: number;
  /** Of the file, lower-case hex. */
  readonly sha256: string;
}

/** @throws Error when it could not be written; then there is no such file, or the one from before */
export function exportFile(
  { file, format, question }: ExportOrder,
  codec: Codec,
  openLog: OpenLog,
): Promise<ExportedFile> {
  const filter = new ExportFilter(question);
  return writeStaged(file, async (staged, folder) => {
    const report = await openLog(filter.lookFrom, async (source) => {
      const progress = new Progress(source);
      const only = partitionIn(filter.stream, source.partitions);
      const fill: Fill = async (target) => {
        const read = await exportLog(progress, codec, filter, only, target);
        progress.end();
        return read;
      };
      return format === 'parquet'
        ? await toParquet(fill, staged, folder, question)
        : await toNdjson(fill, staged, filter.isWhole);
    });
    return { ...report, bytes: (await stat(staged)).size, sha256: await digestOf(staged) };
  });
}

async function toNdjson(fill: Fill, staged: string, isCopy: boolean): Promise<ExportReport> {
  const output = createWriteStream(staged, { mode: MODE });
  // Listens from the start: a disk that is full between two chunks ends the export, not the process.
  const written = finished(output);
  written.catch(() => undefined);
  const target = new NdjsonTarget(output, isCopy);
  const report = await fill(target);
  await target.finish();
  output.end();
  await written;
  return report;
}

async function toParquet(
  fill: Fill,
  staged: string,
  folder: string,
  question: ExportQuestion,
): Promise<ExportReport> {
  // Loaded for this alone: it takes longer than a small export.
  const { ParquetTarget } = await import('./parquetTarget.ts');
  const target = await ParquetTarget.open(folder);
  try {
    const report = await fill(target);
    await tellWhile(`sorting and writing ${countText(report.records, 'record')}`, () =>
      target.finish(staged, questionText(question)),
    );
    await chmod(staged, MODE);
    return report;
  } finally {
    target.close();
  }
}

function questionText(question: ExportQuestion): string {
  return JSON.stringify(question, (_name, value: unknown) =>
    typeof value === 'bigint' ? timeToJson(value) : value,
  );
}

/** null: every partition may hold what is asked for. */
function partitionIn(stream: string | null, partitions: number | null): number | null {
  if (stream === null) return null;
  return (
    anchoredPartition(stream) ?? (partitions === null ? null : partitionOf(stream, partitions))
  );
}

async function digestOf(file: string): Promise<string> {
  const digest = createHash('sha256');
  await pipeline(createReadStream(file), digest);
  return digest.digest('hex');
}
