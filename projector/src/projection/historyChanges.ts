import type { AffectedPart, ApplicationState, QuotaState } from '@prorata/quota-model';
import { timeFromJson, timeToJson } from '@prorata/schemas';
import type { ClientBase } from 'pg';
import * as tables from '../database/tables.ts';
import { appendRows } from '../database/appendRows.ts';
import type { Touch } from '../rows/currentRows.ts';
import { spanRow } from '../rows/historyRows.ts';
import type { StreamMoment } from '../rows/historyRows.ts';

interface Span {
  readonly quota: QuotaState;
  readonly since: StreamMoment;
  until: StreamMoment | null;
  /** null: as the span had it that lasts in the table. */
  readonly belowSince: StreamMoment | null;
}

/**
 * What a batch of events does to the history: spans that end, and spans that begin. One that begins and
 * ends within the batch is written once, so that rows never tell how events were batched.
 */
export class HistoryChanges {
  readonly #spans: Span[] = [];
  /** By quota: the span that lasts, of those that begin here. */
  readonly #lasting = new Map<string, Span>();
  /** By quota: where the span ends that lasted in the table. */
  readonly #ends = new Map<string, StreamMoment>();

  /**
   * @param state after the event
   * @param parts what the event could alter: each names a quota that is other by itself, or gone
   */
  add(state: ApplicationState, parts: readonly AffectedPart[], touch: Touch): void {
    const moment = { version: touch.streamVersion, time: touch.decidedAt };
    for (const { id, isWithBelow } of parts) {
      if (id === state.id) continue;
      const former = this.#end(id, moment);
      const quota = state.quotas.get(id);
      if (quota === undefined) continue;
      const begins = isWithBelow || quota.version === 1n;
      const span: Span = {
        quota,
        since: moment,
        until: null,
        belowSince: begins ? moment : (former?.belowSince ?? null),
      };
      this.#spans.push(span);
      this.#lasting.set(id, span);
    }
  }

  /** May be asked for again: a transaction that failed is tried anew. */
  async write(client: ClientBase): Promise<void> {
    const ended = await this.#writeEnds(client);
    await appendRows(client, tables.quotaHistory, rowsOf(this.#spans, ended));
  }

  #end(quotaId: string, moment: StreamMoment): Span | undefined {
    const former = this.#lasting.get(quotaId);
    if (former !== undefined) {
      former.until = moment;
      this.#lasting.delete(quotaId);
    } else if (!this.#ends.has(quotaId)) {
      // Of a quota that began and ended here already nothing lasts in the table: its end is there.
      this.#ends.set(quotaId, moment);
    }
    return former;
  }

  /** @returns by quota, since when what is below could have been as it was */
  async #writeEnds(client: ClientBase): Promise<ReadonlyMap<string, StreamMoment>> {
    if (this.#ends.size === 0) return new Map();
    const ends = [...this.#ends].map(([quotaId, { version, time }]) => ({
      quota_id: quotaId,
      until: version.toString(),
      until_time: timeToJson(time),
    }));
    const { rows } = await client.query<EndedRow>(END, [JSON.stringify(ends)]);
    return new Map(
      rows.map((row) => [
        row.quota_id,
        { version: BigInt(row.below_since), time: timeFromJson(row.below_since_time) ?? 0n },
      ]),
    );
  }
}

interface EndedRow {
  readonly quota_id: string;
  readonly below_since: string;
  readonly below_since_time: string;
}

/** The span that lasts is the last one, if any does: none begins before the one before it has ended. */
const END =
  'UPDATE quota_history AS h SET until = e.until, until_time = e.until_time ' +
  'FROM jsonb_to_recordset($1::jsonb) AS e (quota_id text, until bigint, until_time timestamptz) ' +
  'CROSS JOIN LATERAL (SELECT l.since FROM quota_history AS l WHERE l.quota_id = e.quota_id ' +
  'ORDER BY l.since DESC LIMIT 1) AS last ' +
  'WHERE h.quota_id = e.quota_id AND h.since = last.since AND h.until IS NULL ' +
  'RETURNING h.quota_id, h.below_since, h.below_since_time';

function* rowsOf(spans: readonly Span[], ended: ReadonlyMap<string, StreamMoment>) {
  for (const { quota, since, until, belowSince } of spans) {
    yield spanRow({
      quota,
      since,
      until,
      belowSince: belowSince ?? ended.get(quota.quotaId) ?? since,
    });
  }
}
