import type { RuleSource } from '@prorata/host-sdk';
import type { RuleTopics } from '../rules/ruleTopics.ts';
import { RuleFeed } from './ruleFeed.ts';

/** Applications served by one instance; each holds its rules in memory. */
const FEEDS_MAX = 1_000;

export interface RuleFeedsOptions {
  readonly source: RuleSource;
  readonly topics: Pick<RuleTopics, 'exists'>;
  readonly failed: (error: unknown) => void;
}

/** More applications are asked for than one instance serves. */
export class TooManyFeeds extends Error {
  override readonly name = 'TooManyFeeds';
}

/** Feeds by application, each begun when somebody first asks for it, and then kept. */
export class RuleFeeds {
  readonly #options: RuleFeedsOptions;
  readonly #feeds = new Map<string, RuleFeed>();
  readonly #abort = new AbortController();
  readonly #running: Promise<void>[] = [];

  constructor(options: RuleFeedsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#feeds.size;
  }

  /**
   * null: there is no such application.
   * @throws TooManyFeeds, and what the log throws while it cannot say whether there is one
   */
  async of(application: string): Promise<RuleFeed | null> {
    const known = this.#feeds.get(application);
    if (known !== undefined) return known;
    if (!(await this.#options.topics.exists(application))) return null;
    return this.#feeds.get(application) ?? this.#begin(application);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#running);
  }

  #begin(application: string): RuleFeed {
    if (this.#feeds.size >= FEEDS_MAX) {
      throw new TooManyFeeds(`This instance serves ${FEEDS_MAX} applications at most.`);
    }
    const feed = new RuleFeed(application, this.#options.failed);
    this.#feeds.set(application, feed);
    this.#running.push(this.#options.source.run(application, feed, this.#abort.signal));
    return feed;
  }
}
