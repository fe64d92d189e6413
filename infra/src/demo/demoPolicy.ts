/**
 * The demo's policy: production looks at weeks of hours, the demo has two minutes. The form
 * is that of the rightsizer's policy file; what is not said here is as in production.
 */
export const demoPolicy = {
  name: 'demo',
  version: 1,
  sink: { recordsMax: 1_000, intervalMs: 2_000, idleMs: 500 },
  rightsizer: {
    evaluationMs: 1_000,
    slotMs: 10_000,
    stepMs: 1_000,
    settleMs: 1_500,
    freshnessMs: 8_000,
    rehearsalMs: 0,
  },
  throttle: { evaluationMs: 1_000, freshnessMs: 8_000, escalationMs: 60_000, cooldownMs: 10_000 },
} as const;

/** How often hosts close a window of usage, and report what they run under. */
export const hostIntervals = { usageWindowMs: 1_000, reportIntervalMs: 2_000 } as const;

export function describePolicy(): readonly string[] {
  const { rightsizer, throttle } = demoPolicy;
  return [
    `The demo's policy, not production's: hosts report usage every ${hostIntervals.usageWindowMs / 1000} s; the rightsizer`,
    `looks every ${rightsizer.evaluationMs / 1000} s at steps of ${rightsizer.stepMs / 1000} s, in slots of ${rightsizer.slotMs / 1000} s; the budget throttle every ${throttle.evaluationMs / 1000} s; usage older`,
    `than ${throttle.freshnessMs / 1000} s is stale. One budget of an hour, sized for half a minute of this load.`,
  ];
}
