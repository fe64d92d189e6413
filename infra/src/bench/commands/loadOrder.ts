/** Until code is compiled and queues are filled, milliseconds: what a load lasts before it is measured. */
export const WARM_UP_MS = 1_500;

/** What one side is asked to bear for a while; callers are closed loops, one request at a time each. */
export interface LoadOrder {
  /** Address of the server, without a path. */
  readonly url: string;
  readonly callers: number;
  /** What is sent: an owner's changes, a robot's, or a person's overrides. */
  readonly command: 'change' | 'resize' | 'override';
  /** Before anything is counted, milliseconds. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** The bearer tokens that callers share, one each in turn. */
  readonly tokens: readonly string[];
  /** Where in the pool of quotas the callers begin, so that two loads at once never meet. */
  readonly quotas: { readonly from: number; readonly count: number };
  /** How long a caller rests after an answer that asks it to, at most, milliseconds. */
  readonly restMsMax?: number;
}

export interface LoadResult {
  readonly accepted: number;
  /** Accepted during the warm-up or after the end too. */
  readonly handled: number;
  /** By HTTP status: what was answered and not accepted. */
  readonly others: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Of accepted commands, milliseconds. */
  readonly latencies: Float64Array;
  /** One answer of each status that was no acceptance, to say what went wrong. */
  readonly samples: Readonly<Record<string, string>>;
}
