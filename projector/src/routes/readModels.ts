import { longToJson } from '@prorata/schemas';
import type { Pool } from 'pg';
import type { Feeds } from '../feed/feeds.ts';
import type { LagMeter } from '../lag/lagMeter.ts';
import type { StreamHeads } from '../lag/streamHeads.ts';

/**
 * Every answer tells the lag of both: to a client, the projector is behind or it is not, and what
 * one topic lacks the other mostly lacks too.
 */
export const projectedTopics = ['quota.events', 'quota.outcomes'] as const;

/** What hosts and targets are told from: what they report, and the events that they should have applied. */
export const reportedTopics = ['quota.events', 'host.reports'] as const;

/** All that any table is filled from. */
export const readTopics = [...projectedTopics, 'host.reports'] as const;

/** What every query stands on. Lag is measured before the tables are read, so it is never too small. */
export interface ReadModels {
  /** For questions about one thing, which an index finds. */
  readonly pool: Pool;
  /** For those that look at many rows. */
  readonly searches: Pick<Pool, 'query'>;
  readonly lag: LagMeter;
  readonly heads: StreamHeads;
  readonly feeds: Feeds;
}

/** As a problem's further member has it. */
export function lagMember(lag: bigint | null): { readonly lag: number | string | null } {
  return { lag: lag === null ? null : longToJson(lag) };
}
