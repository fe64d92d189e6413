import { createHash } from 'node:crypto';
import { decimalOf, picosOf } from '@prorata/quota-model';
import { timeToJson } from '@prorata/schemas';
import type { ChargeLine } from './chargeLine.ts';

/**
 * A line in the form whose bytes a closing is signed by: one JSON array, its fields in this order for ever
 * (docs/reference/charges.md), whole numbers as text, times as RFC 3339.
 */
export function lineText(line: ChargeLine): string {
  const { price } = line;
  return JSON.stringify([
    line.organization,
    line.project,
    line.category,
    line.correction,
    line.priceBook,
    line.currency,
    timeToJson(line.billing.start),
    timeToJson(line.billing.end),
    timeToJson(line.charge.start),
    timeToJson(line.charge.end),
    timeToJson(line.datedAt),
    line.application,
    line.resource,
    line.quotaId,
    line.name,
    line.used.toString(),
    line.reserved === null ? null : line.reserved.toString(),
    line.charged.toString(),
    price === null ? null : timeToJson(price.effectiveFrom),
    line.cost,
  ]);
}

/** What a closing says of its lines. */
export interface LinesDigest {
  readonly lines: bigint;
  /** A decimal. */
  readonly total: string;
  /** SHA-256 of the lines in order, each with a line feed, hex. */
  readonly sha256: string;
}

export async function digestOf(lines: AsyncIterable<ChargeLine>): Promise<LinesDigest> {
  const hash = createHash('sha256');
  let [count, picos] = [0n, 0n];
  for await (const line of lines) {
    hash.update(`${lineText(line)}\n`);
    count += 1n;
    picos += picosOf(line.cost ?? '0');
  }
  return { lines: count, total: decimalOf(picos), sha256: hash.digest('hex') };
}
