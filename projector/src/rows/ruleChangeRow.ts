import { timeToJson } from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import type { Touch } from './currentRows.ts';

/** Changes that come together are told as the last of them: nobody minds drift by less. Microseconds. */
const SLOT_MICROS = 5_000_000n;
/** Slots of an application: they reach back more than 10 minutes, which is longer than drift takes to be one. */
const SLOTS = 128n;

/** The newest change of its 5 seconds, in the place of what changed long before. */
export function ruleChangeRow(application: string, { offset, decidedAt }: Touch): Row {
  return {
    application,
    slot: Number((decidedAt / SLOT_MICROS) % SLOTS),
    event_offset: offset,
    decided_at: timeToJson(decidedAt),
  };
}
