import type { MachineMixture } from './virtualMachines.ts';

/**
 * Shaped until what others' rules come to on it is near what was published of them on five-minute traces of 100 real
 * machines (docs/explanation/how-limits-are-sized.md has both side by side): flat machines with short spikes, some that
 * step from level to level, and now and then a campaign of hours or days. The classes were tuned on two seeds of it.
 */
export const measuredMixture: MachineMixture = {
  kinds: {
    flat: 0.45,
    daily: 0.08,
    jobs: 0.04,
    idle: 0.03,
    bursty: 0.06,
    campaigns: 0.13,
    stepping: 0.2,
    ticking: 0.01,
  },
  level: 10.8,
  levelSpread: 0.25,
  windowNoise: 0.28,
  hourNoise: 0.075,
  spikesPerDay: 1.85,
  spikeHeight: 0.7,
  spikeMean: 0.35,
  drift: 0.04,
  jumpDays: 350,
  jumpHeight: 0.6,
  peakiness: 0.55,
  upkeepHeight: 0.07,
  jobHeight: 0.75,
};

/** Not tuned on: most machines have a day, and jobs at fixed times. */
export const officeMixture: MachineMixture = {
  ...measuredMixture,
  kinds: {
    flat: 0.1,
    daily: 0.5,
    jobs: 0.25,
    idle: 0.05,
    bursty: 0.03,
    campaigns: 0.02,
    stepping: 0.05,
    ticking: 0,
  },
  upkeepHeight: 0.4,
  hourNoise: 0.15,
};

/** Not tuned on: idle machines that spike, bursts at random, levels that wander. */
export const restlessMixture: MachineMixture = {
  ...measuredMixture,
  kinds: {
    flat: 0.15,
    daily: 0.1,
    jobs: 0.05,
    idle: 0.25,
    bursty: 0.25,
    campaigns: 0.1,
    stepping: 0.1,
    ticking: 0,
  },
  drift: 0.2,
  jumpDays: 30,
  spikesPerDay: 3,
};
