import type { LogRecord } from '@prorata/kafka-port';
import type { Codec, Rule, RuleSetComplete } from '@prorata/schemas';
import { UnreadableRecord } from '@prorata/schemas';
import { COMPLETE_KEY } from './ruleSetComplete.ts';

/** Header of a tombstone: the offset of the deletion's event, as decimal text. */
const EVENT_OFFSET = 'event-offset';

/** What one record of a rule topic says. */
export type RuleRecord =
  | { readonly kind: 'rule'; readonly rule: Rule }
  /** `eventOffset` is null when the tombstone names no event: whoever wrote it was not the relay. */
  | { readonly kind: 'gone'; readonly quotaId: string; readonly eventOffset: bigint | null }
  | { readonly kind: 'complete'; readonly set: RuleSetComplete }
  | { readonly kind: 'unreadable'; readonly key: string; readonly error: UnreadableRecord };

/** @throws the registry's error when it does not answer: the same record may be readable later. */
export async function ruleRecordOf(codec: Codec, record: LogRecord): Promise<RuleRecord> {
  const key = record.key?.toString() ?? '';
  if (record.value === null) {
    const text = record.headers.get(EVENT_OFFSET)?.toString() ?? '';
    const eventOffset = /^\d{1,19}$/.test(text) ? BigInt(text) : null;
    return { kind: 'gone', quotaId: key, eventOffset };
  }
  try {
    const { type, value } = await codec.decode(record.value);
    if (type === 'Rule' && value.quotaId === key) return { kind: 'rule', rule: value };
    if (type === 'RuleSetComplete' && key === COMPLETE_KEY) return { kind: 'complete', set: value };
    const error = new UnreadableRecord(`The record of ${key} is no rule of it.`);
    return { kind: 'unreadable', key, error };
  } catch (error) {
    if (error instanceof UnreadableRecord) return { kind: 'unreadable', key, error };
    throw error;
  }
}
