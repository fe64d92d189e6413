/** What decisions count, without making objects. `moment` is `HostTime.moment`. */
export interface RequestMeter {
  /** An amount was let through, perhaps after a delay. */
  take(amount: number, delayed: boolean, moment: Float64Array): void;
  /** What was counted as taken turned out to be more or, when negative, less. */
  settle(amount: number): void;
  refuse(amount: number): void;
  /** A limit on trial would have refused the amount. */
  refuseOnTrial(amount: number): void;
  /** `units` more are in use from now on, or fewer when negative. */
  hold(units: number, delayed: boolean, moment: Float64Array): void;
}
