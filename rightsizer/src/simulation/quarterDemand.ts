import { seededRandom } from '@prorata/kafka-port';
import type { WorkloadClass } from '../recommend/recommendation.ts';

/** What the demand of one limit is like. */
export type Shape = (typeof shapes)[number];

export interface SimulatedQuota {
  readonly quotaId: string;
  readonly application: string;
  readonly project: string;
  readonly tier: number;
  readonly cutPriority: number;
  readonly workload: WorkloadClass;
  readonly shape: Shape;
  /** Wanted a second, whole units, by window. */
  readonly wanted: Float64Array;
}

/** Of a window, microseconds: five minutes. */
export const WINDOW = 300_000_000n;
export const WINDOW_SECONDS = 300;
export const WINDOWS_A_DAY = 288;
const WINDOWS_AN_HOUR = 12;

const shapes = [
  'diurnal',
  'weekly',
  'growing',
  'flat',
  'bursty',
  'stepping',
  'nightly',
  'training',
] as const;
const projects = ['search', 'ads', 'assistant'] as const;
export const simulatedApplications = ['llm', 'moka'] as const;
export const simulatedProjects = projects.map((project) => `acme/${project}`);

const workloads: Readonly<Record<Shape, WorkloadClass>> = {
  diurnal: 'serving',
  weekly: 'serving',
  growing: 'serving',
  flat: 'guaranteed',
  bursty: 'serving',
  stepping: 'serving',
  nightly: 'batch',
  training: 'batch',
};
const tiers: Readonly<Record<WorkloadClass, number>> = { guaranteed: 1, serving: 2, batch: 4 };

/**
 * Eight kinds of demand in each of three projects and two applications: season of day and week, growth,
 * bursts, steps, nights of batch work, and jobs that want much for days and then nothing. The same for the
 * same seed.
 */
export function quarterDemand(seed: number, days: number): SimulatedQuota[] {
  const random = seededRandom(seed);
  return simulatedApplications.flatMap((application) =>
    projects.flatMap((project) =>
      shapes.map((shape) => {
        const workload = workloads[shape];
        const drawn = demandOf(shape, days * WINDOWS_A_DAY, random);
        return {
          quotaId: `${application}/${project}-${shape}`,
          application,
          project: `acme/${project}`,
          tier: tiers[workload],
          cutPriority: Math.floor(random() * 10),
          workload,
          shape,
          wanted: drawn.map((each) => Math.max(0, Math.round(each))),
        };
      }),
    ),
  );
}

/** Log-uniform: fleets have few large quotas and many small ones. */
function sizeOf(random: () => number): number {
  let size = 60;
  for (let doubled = 0; doubled < 4; doubled += 1) size *= 1 + random();
  return size;
}

function demandOf(shape: Shape, windows: number, random: () => number): Float64Array {
  const size = sizeOf(random);
  const values = new Float64Array(windows);
  const amplitude = 0.25 + 0.5 * random();
  const peakHour = 9 + 8 * random();
  const weekend = 0.4 + 0.5 * random();
  const growth = shape === 'growing' ? 0.4 + 0.6 * random() : -0.05 + 0.3 * random();
  const noise = driftingNoise(random);
  const level = shape === 'stepping' ? levels(windows, random) : null;
  const bursts = burstsOf(windows, shape === 'bursty' ? 0.7 : 0.04, random);
  const jobs = shape === 'training' ? trainingJobs(windows, random) : null;
  const nights = shape === 'nightly' ? nightlyJobs(windows, random) : null;
  for (let at = 0; at < windows; at += 1) {
    const trend = 1 + (growth * at) / (91 * WINDOWS_A_DAY);
    let shaped = 1;
    if (jobs !== null) shaped = jobs[at] ?? 0;
    else if (nights !== null) shaped = nights[at] ?? 0;
    else if (shape !== 'flat') shaped = seasonAt(at, amplitude, peakHour, weekend);
    values[at] = size * trend * shaped * (level?.[at] ?? 1) * noise() * (bursts[at] ?? 1);
  }
  return values;
}

function seasonAt(at: number, amplitude: number, peakHour: number, weekend: number): number {
  const hour = (at / WINDOWS_AN_HOUR) % 24;
  const day = Math.floor(at / WINDOWS_A_DAY) % 7;
  const daily = 1 + amplitude * Math.cos(((hour - peakHour) * Math.PI) / 12);
  return daily * (day >= 5 ? weekend : 1);
}

/** Around 1, a few percent, slowly changing, with a little that changes each window. */
function driftingNoise(random: () => number): () => number {
  let drift = 0;
  return () => {
    drift = 0.97 * drift + 0.02 * (random() + random() + random() - 1.5);
    return Math.max(0.2, 1 + drift + 0.06 * (random() - 0.5));
  };
}

/** A release, a customer: another level from one moment on, every three weeks or so. */
function levels(windows: number, random: () => number): Float64Array {
  const values = new Float64Array(windows);
  let level = 1;
  for (let at = 0; at < windows; at += 1) {
    if (random() < 1 / (20 * WINDOWS_A_DAY)) level = 0.5 + 1.5 * random();
    values[at] = level;
  }
  return values;
}

/** Twenty minutes to two hours of up to three times as much, which comes within two windows. */
function burstsOf(windows: number, aDay: number, random: () => number): Float64Array {
  const values = new Float64Array(windows).fill(1);
  for (let at = 0; at < windows; at += 1) {
    if (random() >= aDay / WINDOWS_A_DAY) continue;
    const height = 1.3 + 1.7 * random();
    const length = 4 + Math.floor(20 * random());
    for (let index = at; index < Math.min(windows, at + length); index += 1) {
      values[index] = index === at ? (1 + height) / 2 : height;
    }
    at += length;
  }
  return values;
}

/** Each night from about the same hour on, for two to four hours. */
function nightlyJobs(windows: number, random: () => number): Float64Array {
  const values = new Float64Array(windows);
  const hour = 4 * random();
  for (let day = 0; day * WINDOWS_A_DAY < windows; day += 1) {
    const from = Math.floor(day * WINDOWS_A_DAY + (hour + 0.7 * random()) * WINDOWS_AN_HOUR);
    const to = from + Math.floor((2 + 2 * random()) * WINDOWS_AN_HOUR);
    for (let at = from; at < Math.min(windows, to); at += 1) values[at] = 1;
  }
  return values;
}

/** Runs of six hours to three days at one level, and rests of half a day to three days. */
function trainingJobs(windows: number, random: () => number): Float64Array {
  const values = new Float64Array(windows);
  let at = Math.floor(WINDOWS_A_DAY * random());
  while (at < windows) {
    const length = Math.floor((0.25 + 2.75 * random()) * WINDOWS_A_DAY);
    const level = 0.5 + 0.75 * random();
    values.fill(level, at, Math.min(windows, at + length));
    at += length + Math.floor((0.5 + 2.5 * random()) * WINDOWS_A_DAY);
  }
  return values;
}
