import { once } from 'node:events';
import { open, rename } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { auditedTopics } from './auditSource.ts';
import type { AuditSource } from './auditSource.ts';
import { lineOf } from './copyFormat.ts';

/**
 * Writes the events, and the outcomes that answer their commands, as lines of JSON. The file takes
 * its name only when it is whole and on disk.
 * @returns how many records it holds.
 */
export async function exportLog(source: AuditSource, file: string): Promise<number> {
  const staged = `${file}.part`;
  const handle = await open(staged, 'w', 0o600);
  const output = handle.createWriteStream({ flush: true });
  let records = 0;
  for (const topic of auditedTopics) {
    await source.read(topic, null, async (record) => {
      records += 1;
      if (!output.write(`${lineOf(record)}\n`)) await once(output, 'drain');
    });
  }
  output.end();
  await finished(output);
  await rename(staged, file);
  return records;
}
