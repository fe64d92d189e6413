import type { LogPort, LogRecord, OutRecord, TopicPartition } from '../port.ts';

export function outRecord(topic: string, partition: number, text: string): OutRecord {
  return { topic, partition, key: Buffer.from('key'), value: Buffer.from(text) };
}

export function texts(records: readonly LogRecord[]): string[] {
  return records.map(({ value }) => String(value));
}

/** Everything committed from `from` on, and the end that the read returned. */
export async function readAll(
  port: LogPort,
  place: TopicPartition,
  from = 0n,
): Promise<{ records: LogRecord[]; end: bigint }> {
  const records: LogRecord[] = [];
  const end = await port.log.readToEnd(place, from, (batch) => {
    records.push(...batch);
  });
  return { records, end };
}
