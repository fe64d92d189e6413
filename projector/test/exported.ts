import type { Codec } from '@prorata/schemas';
import type { AuditSource } from '../src/audit/auditSource.ts';
import { exportFile } from '../src/audit/export/exportFile.ts';
import type { ExportedFile, ExportFormat } from '../src/audit/export/exportFile.ts';
import type { ExportQuestion } from '../src/audit/export/exportFilter.ts';

/** All of the log. */
export const wholeLog: ExportQuestion = {
  ...{ what: null, from: null, until: null },
  ...{ stream: null, quota: null, within: null, actor: null },
};

/** Exports a source as the command does. */
export function exported(
  source: AuditSource,
  codec: Codec,
  file: string,
  question: Partial<ExportQuestion> = {},
  format: ExportFormat = 'ndjson',
): Promise<ExportedFile> {
  const order = { file, format, question: { ...wholeLog, ...question } };
  return exportFile(order, codec, (_from, work) => work(source));
}
