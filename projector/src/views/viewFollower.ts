import type { Pool } from 'pg';
import { schemaOf } from '../generations/generation.ts';
import type { Generation } from '../generations/generation.ts';
import { inTransaction } from '../generations/inTransaction.ts';
import type { Logger } from '../logger.ts';
import { areViewsOn, publishViews } from './publishViews.ts';

/** Has the views follow to the live copy, where the switch could not do it. */
export class ViewFollower {
  readonly #pool: Pool;
  readonly #logger: Logger;
  /** Copies of which it was said that views do not stand on them. */
  readonly #told = new Set<string>();

  constructor(pool: Pool, logger: Logger) {
    this.#pool = pool;
    this.#logger = logger;
  }

  /** @throws what the database says of a view that cannot be made */
  async follow(live: Generation): Promise<void> {
    if (await areViewsOn(this.#pool, live)) return;
    const schema = schemaOf(live);
    const published = await inTransaction(this.#pool, (client) => publishViews(client, live));
    if (published !== false || this.#told.has(schema)) return;
    this.#told.add(schema);
    this.#logger.warn(
      { schema },
      'The views do not stand on this copy yet: somebody reads one for long, or newer code is to do it.',
    );
  }
}
