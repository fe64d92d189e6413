import type { LeaseTopicOptions } from '@prorata/host-sdk';
import type { RuleTopics } from '../rules/ruleTopics.ts';
import { LeaseFeed } from './leaseFeed.ts';
import { TooManyFeeds } from './ruleFeeds.ts';

export interface LeaseFeedsOptions extends LeaseTopicOptions {
  readonly topics: Pick<RuleTopics, 'exists'>;
  readonly failed: (error: unknown) => void;
}

/** Applications whose leases one instance serves. */
const FEEDS_MAX = 1_000;

/** Feeds by application, each begun when a host first asks for it, and then kept. */
export class LeaseFeeds {
  readonly #options: LeaseFeedsOptions;
  readonly #feeds = new Map<string, LeaseFeed>();

  constructor(options: LeaseFeedsOptions) {
    this.#options = options;
  }

  /**
   * null: there is no such application.
   * @throws TooManyFeeds, and what the log throws while it cannot say whether there is one
   */
  async of(application: string): Promise<LeaseFeed | null> {
    if (!this.#feeds.has(application) && !(await this.#options.topics.exists(application)))
      return null;
    const known = this.#feeds.get(application);
    if (known !== undefined) return known;
    if (this.#feeds.size >= FEEDS_MAX) {
      throw new TooManyFeeds(`This instance serves ${FEEDS_MAX} applications at most.`);
    }
    const feed = new LeaseFeed(this.#options, application, this.#options.failed);
    this.#feeds.set(application, feed);
    return feed;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#feeds.values()].map((feed) => feed.close()));
  }
}
