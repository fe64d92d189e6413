/**
 * Sums over the judged windows of one series, or of several. A window without a report is neither short nor
 * slack: it counts towards the time alone.
 */
export class SeriesTally {
  readonly stepMicros: number;
  /** All that were judged, the missing ones among them. */
  windows = 0;
  missing = 0;
  short = 0;
  slack = 0;
  allowed = 0;
  unserved = 0;
  wanted = 0;
  changes = 0;
  /** The sum of |log(limit / limit before)|; a step from or to nothing is left out. */
  moved = 0;
  /** Of each run of short windows how many there were. */
  readonly episodes: number[] = [];
  #limit = NaN;
  #run = 0;

  constructor(stepMicros: bigint) {
    this.stepMicros = Number(stepMicros);
  }

  add(demand: number, limit: number): void {
    this.windows += 1;
    this.#countChange(limit);
    if (Number.isNaN(demand)) {
      this.missing += 1;
      return;
    }
    this.allowed += limit;
    this.wanted += demand;
    if (demand > limit) {
      this.short += 1;
      this.unserved += demand - limit;
      if (this.#run === 0) this.episodes.push(0);
      this.#run += 1;
      this.episodes[this.episodes.length - 1] = this.#run;
    } else {
      this.slack += limit - demand;
      this.#run = 0;
    }
  }

  #countChange(limit: number): void {
    // The first limit is where the policy begins, not a change.
    if (!Number.isNaN(this.#limit) && limit !== this.#limit) {
      this.changes += 1;
      if (limit > 0 && this.#limit > 0) this.moved += Math.abs(Math.log(limit / this.#limit));
    }
    this.#limit = limit;
  }

  /** The sums of several series, as of one. */
  static pooled(tallies: readonly SeriesTally[]): SeriesTally {
    const pool = new SeriesTally(BigInt(tallies[0]?.stepMicros ?? 1));
    for (const each of tallies) {
      pool.windows += each.windows;
      pool.missing += each.missing;
      pool.short += each.short;
      pool.slack += each.slack;
      pool.allowed += each.allowed;
      pool.unserved += each.unserved;
      pool.wanted += each.wanted;
      pool.changes += each.changes;
      pool.moved += each.moved;
      for (const length of each.episodes) pool.episodes.push(length);
    }
    return pool;
  }
}
