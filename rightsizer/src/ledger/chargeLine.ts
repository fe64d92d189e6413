import type { Price } from '@prorata/schemas';
import type { TimeWindow } from '../throttle/budgetWindows.ts';

/**
 * `usage`: what was used, or reserved. `idle`: what was there and nobody was charged for. `shared`: a
 * part of a cost that several bear. `credit`: money given back.
 */
export const chargeCategories = ['usage', 'idle', 'shared', 'credit'] as const;
export type ChargeCategory = (typeof chargeCategories)[number];

/**
 * One line of the ledger. Lines are made from the table and the log, never edited: what becomes known
 * of a closed period later is a line of its own, with `correction`.
 */
export interface ChargeLine {
  /** null: usage that nobody pays for. */
  readonly organization: string | null;
  /** `<organization>/<project>`; null: the organization itself, or nobody. */
  readonly project: string | null;
  readonly category: ChargeCategory;
  /** true: it mends a closed period, in which its `charge` lies. */
  readonly correction: boolean;
  readonly priceBook: string;
  readonly currency: string;
  /** The month in the price book's time zone in which it is billed; it holds `datedAt`. */
  readonly billing: TimeWindow;
  /** What it is charged for: a day in the price book's time zone, or a part of one. */
  readonly charge: TimeWindow;
  /** A budget counts a line whose moment lies in its window: its charge's start, or when a correction was found. */
  readonly datedAt: bigint;
  /** null: of no application, as with credits. */
  readonly application: string | null;
  readonly resource: string | null;
  /** null: of no single quota. */
  readonly quotaId: string | null;
  /** Of a credit, or of a shared cost; null: it is neither. */
  readonly name: string | null;
  /** Base units; of capacity and concurrency unit-seconds. Negative where a correction takes back. */
  readonly used: bigint;
  /** Guaranteed × time in unit-seconds; null: the price does not ask for it. */
  readonly reserved: bigint | null;
  /** The units that the money is for. */
  readonly charged: bigint;
  /** null: there was none in force, or the line is no product of units and a price. */
  readonly price: Price | null;
  /** A decimal with at most 12 places; credits are negative. null: there was no price. */
  readonly cost: string | null;
}
