import { toJson, timeToJson } from '@prorata/schemas';
import type { CreditGranted, CreditWithdrawn, PeriodClosed } from '@prorata/schemas';
import type { Row } from '../database/tables.ts';
import { idOf, provenanceRow } from './currentRows.ts';

/** A credit that was taken back keeps its row, until one of its name is granted again. */
export function creditRow(event: CreditGranted | CreditWithdrawn): Row {
  const { envelope, creditId, project, priceBook, amount, currency, at } = event;
  const isWithdrawn = 'grantedVersion' in event;
  return {
    organization: idOf(envelope),
    credit_id: creditId,
    status: isWithdrawn ? 'withdrawn' : 'granted',
    project,
    price_book: priceBook,
    amount,
    currency,
    at: timeToJson(at),
    granted_version: isWithdrawn ? event.grantedVersion : envelope.streamVersion,
    ...provenanceRow(envelope),
  };
}

export function periodRow(event: PeriodClosed): Row {
  const { envelope, periodStart, periodEnd } = event;
  return {
    organization: idOf(envelope),
    price_book: event.priceBook,
    period: monthOf(periodStart, periodEnd),
    period_start: timeToJson(periodStart),
    period_end: timeToJson(periodEnd),
    price_book_version: event.priceBookVersion,
    currency: event.currency,
    organization_version: event.organizationVersion,
    positions: event.positions.map((each) => toJson('io.prorata.type.UsagePosition', each)),
    lines: event.lines,
    total: event.total,
    lines_sha256: Buffer.from(event.linesSha256).toString('hex'),
    ...provenanceRow(envelope),
  };
}

/** `2026-01`. Its middle lies in the month in every time zone. */
function monthOf(start: bigint, end: bigint): string {
  return timeToJson((start + end) / 2n).slice(0, 'YYYY-MM'.length);
}
