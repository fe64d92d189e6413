import { Problem } from '@prorata/service-runtime';
import type { Pool } from 'pg';

/** Seconds after which a place may be free: half of what one search may take. */
const RETRY_AFTER_SECONDS = 2;
/** PostgreSQL: a statement took longer than it may. */
const QUERY_CANCELED = '57014';
/** The driver has no code for it. */
const NO_CONNECTION = 'timeout exceeded when trying to connect';

/**
 * Questions that look at many rows, in a pool of their own: whoever asks what is dear waits for others who do, and
 * keeps nobody from asking for one thing.
 * @throws Problem 422 for what takes too long, 503 when all places are taken
 */
export function searchPool(pool: Pool): Pick<Pool, 'query'> {
  const query = async (text: string, values?: unknown[]): Promise<unknown> => {
    try {
      return await pool.query(text, values);
    } catch (error) {
      throw problemOf(error) ?? error;
    }
  };
  // One of the driver's many forms is used here: text and values.
  return { query: query as Pool['query'] };
}

function problemOf(error: unknown): Problem | null {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  if (code === QUERY_CANCELED) {
    return new Problem(422, 'SEARCH_TOO_WIDE', 'Too many rows had to be looked at.');
  }
  if (message !== NO_CONNECTION) return null;
  return new Problem(503, 'SEARCHES_BUSY', 'As many searches are under way as may be.', {
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
  });
}
