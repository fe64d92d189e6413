import { seededRandom } from '@prorata/kafka-port';

/** The processor use of one made-up machine, percent, five minutes a window. */
export interface MachineDemand {
  readonly name: string;
  readonly kind: MachineKind;
  /** The highest reading of each window. */
  readonly peaks: Float64Array;
  /** The mean of each window, never above its peak. */
  readonly means: Float64Array;
}

/** What moves a machine's demand. */
export type MachineKind =
  'flat' | 'daily' | 'jobs' | 'idle' | 'bursty' | 'campaigns' | 'stepping' | 'ticking';

/** How often each kind occurs, and how restless machines are. */
export interface MachineMixture {
  /** Parts of the fleet; need not sum to one. */
  readonly kinds: Readonly<Record<MachineKind, number>>;
  /** The typical level of machines, percent, and how far levels spread (standard deviation of the logarithm). */
  readonly level: number;
  readonly levelSpread: number;
  /** Unrest from window to window and over hours (standard deviations of logarithms). */
  readonly windowNoise: number;
  readonly hourNoise: number;
  /** Short spikes a day, and how high they are: a share of the way to full. */
  readonly spikesPerDay: number;
  readonly spikeHeight: number;
  /** The part of a spike that a window's mean sees. */
  readonly spikeMean: number;
  /** How far levels wander within a day (standard deviation of the logarithm), and how often they jump, days apart. */
  readonly drift: number;
  readonly jumpDays: number;
  readonly jumpHeight: number;
  /** How far the highest reading of a window stands above its mean, typically (a part of the mean). */
  readonly peakiness: number;
  /** Upkeep at a fixed time of day: a share of the way to full. */
  readonly upkeepHeight: number;
  /** How high jobs and bursts go: a share of the way to full. */
  readonly jobHeight: number;
}

export const WINDOWS_PER_DAY = 288;
const WINDOWS_PER_HOUR = 12;
const FULL = 100;

type Random = () => number;

/** Machines of a mixture: the same seed, the same machines. */
export function virtualMachines(
  mixture: MachineMixture,
  seed: number,
  { machines, days }: { readonly machines: number; readonly days: number },
): MachineDemand[] {
  const kinds = Object.entries(mixture.kinds) as [MachineKind, number][];
  const all = kinds.reduce((sum, [, part]) => sum + part, 0);
  return Array.from({ length: machines }, (_, index) => {
    const random = seededRandom(seed * 100_003 + index);
    // Evenly through the kinds, so that few machines have the mixture too.
    let place = (((index + 0.5) / machines) * all) % all;
    const kind = kinds.find(([, part]) => (place -= part) < 0)?.[0] ?? 'flat';
    return machine(`${kind}-${index}`, kind, mixture, random, days * WINDOWS_PER_DAY);
  });
}

function machine(
  name: string,
  kind: MachineKind,
  mixture: MachineMixture,
  random: Random,
  windows: number,
): MachineDemand {
  const level = Math.min(60, mixture.level * Math.exp(mixture.levelSpread * normal(random)));
  const shape = shapes[kind](mixture, random, windows, level);
  const spikes = spikesOf(mixture, random, windows);
  const upkeep = upkeepOf(mixture, random, windows);
  const unrest = 0.4 + 1.2 * random();
  const peakiness = mixture.peakiness * (0.3 + 1.4 * random());
  const peaks = new Float64Array(windows);
  const means = new Float64Array(windows);
  let hourly = 0;
  let wandered = 0;
  const wandering = random() < 0.5 ? 0 : mixture.drift / Math.sqrt(WINDOWS_PER_DAY);
  const jumping = 1 / (mixture.jumpDays * WINDOWS_PER_DAY);
  let jumped = 0;
  for (let at = 0; at < windows; at++) {
    hourly = 0.97 * hourly + Math.sqrt(1 - 0.97 * 0.97) * normal(random);
    wandered = 0.9995 * wandered + wandering * normal(random);
    if (random() < jumping) jumped = mixture.jumpHeight * normal(random);
    const noise = unrest * (mixture.hourNoise * hourly + mixture.windowNoise * normal(random));
    const usual = Math.min(95, (shape[at] ?? 0) * Math.exp(noise + wandered + jumped));
    const extra = Math.max(spikes[at] ?? 0, upkeep[at] ?? 0);
    // A spike is shorter than a window: the mean sees a part of it.
    const mean = usual + (FULL - usual) * extra * mixture.spikeMean * (0.5 + random());
    const above = peakiness * mean * -Math.log(1 - random());
    const peak = Math.max(mean + above, usual + (FULL - usual) * extra);
    means[at] = Math.max(0.1, Math.min(99, mean));
    peaks[at] = Math.min(100, Math.max(means[at] ?? 0, peak));
  }
  return { name, kind, peaks, means };
}

type Shape = (
  mixture: MachineMixture,
  random: Random,
  windows: number,
  level: number,
) => Float64Array;

const shapes: Readonly<Record<MachineKind, Shape>> = {
  flat: (_, __, windows, level) => new Float64Array(windows).fill(level),
  idle: (_, random, windows) => new Float64Array(windows).fill(1 + 2 * random()),
  daily: (mixture, random, windows, level) => {
    const [middle, width] = [24 * random(), 4 + 8 * random()];
    const height = 0.5 + 3.5 * random();
    const weekend = random() < 0.6 ? 0.3 : 1;
    return Float64Array.from({ length: windows }, (_, at) => {
      const hour = (at / WINDOWS_PER_HOUR) % 24;
      const distance = Math.min(Math.abs(hour - middle), 24 - Math.abs(hour - middle));
      const day = Math.floor(at / WINDOWS_PER_DAY) % 7;
      const part = 1 / (1 + Math.exp((distance - width / 2) * 2));
      return level * (1 + height * part * (day >= 5 ? weekend : 1));
    });
  },
  jobs: (mixture, random, windows, level) => {
    const values = new Float64Array(windows).fill(Math.min(10, level));
    const count = 1 + Math.floor(3 * random());
    for (let job = 0; job < count; job++) {
      const start = random() * WINDOWS_PER_DAY;
      const length = 2 + Math.floor(random() * random() * 40);
      const height = FULL * mixture.jobHeight * (0.3 + 0.9 * random());
      const jitter = 3 * random();
      const everyDays = random() < 0.8 ? 1 : 7;
      for (
        let day = Math.floor(random() * everyDays);
        day * WINDOWS_PER_DAY < windows;
        day += everyDays
      ) {
        const from = Math.round(day * WINDOWS_PER_DAY + start + jitter * normal(random));
        const today = height * (0.85 + 0.2 * random());
        for (let at = Math.max(0, from); at < Math.min(windows, from + length); at++) {
          values[at] = Math.max(values[at] ?? 0, today);
        }
      }
    }
    return values;
  },
  bursty: (mixture, random, windows, level) =>
    onAndOff(mixture, random, windows, level, [3 + 30 * random(), 30 + 300 * random()]),
  campaigns: (mixture, random, windows, level) =>
    onAndOff(mixture, random, windows, level, [12 + 150 * random(), 1_000 + 4_000 * random()]),
  stepping: (_, random, windows, level) => {
    const values = new Float64Array(windows);
    let now = level;
    for (let at = 0; at < windows; at++) {
      if (random() < 1 / (12 * WINDOWS_PER_DAY)) {
        now = Math.max(1, Math.min(85, level * Math.exp(1.3 * normal(random))));
      }
      values[at] = now;
    }
    return values;
  },
  ticking: (mixture, random, windows, level) => {
    const every = [3, 6, 12, 12, 12, 24][Math.floor(6 * random())] ?? 12;
    const height = FULL * mixture.jobHeight * (0.2 + 0.6 * random());
    return Float64Array.from({ length: windows }, (_, at) =>
      at % every === 0 ? Math.max(level, height) : Math.min(5, level),
    );
  },
};

/** Work that comes and goes by chance, by typical lengths on and off in windows. */
function onAndOff(
  mixture: MachineMixture,
  random: Random,
  windows: number,
  level: number,
  [onLength, offLength]: readonly [number, number],
): Float64Array {
  const values = new Float64Array(windows);
  let left = offLength * -Math.log(1 - random());
  let height = level;
  let isOn = false;
  for (let at = 0; at < windows; at++) {
    if (left-- <= 0) {
      isOn = !isOn;
      left = (isOn ? onLength : offLength) * -Math.log(1 - random());
      height = isOn ? FULL * mixture.jobHeight * (0.3 + 0.9 * random()) : level;
    }
    values[at] = Math.max(level, height);
  }
  return values;
}

function spikesOf(mixture: MachineMixture, random: Random, windows: number): Float64Array {
  const values = new Float64Array(windows);
  // Some machines spike often, most seldom.
  const rate = (mixture.spikesPerDay * 3 * random() * random()) / WINDOWS_PER_DAY;
  for (let at = 0; at < windows; at++) {
    if (random() >= rate) continue;
    const height = Math.min(1, mixture.spikeHeight * (0.3 + 1.2 * random()));
    const length = 1 + Math.floor(-1.2 * Math.log(1 - random()));
    for (let on = at; on < Math.min(windows, at + length); on++) {
      values[on] = Math.max(values[on] ?? 0, height);
    }
  }
  return values;
}

function upkeepOf(mixture: MachineMixture, random: Random, windows: number): Float64Array {
  const values = new Float64Array(windows);
  const start = Math.floor(random() * WINDOWS_PER_DAY);
  const length = 1 + Math.floor(4 * random());
  const height = mixture.upkeepHeight * 1.6 * random();
  for (let day = start; day < windows; day += WINDOWS_PER_DAY) {
    const from = day + Math.round(normal(random));
    for (let at = Math.max(0, from); at < Math.min(windows, from + length); at++) {
      values[at] = Math.min(1, height * (0.8 + 0.3 * random()));
    }
  }
  return values;
}

/** Box and Muller's normal deviate. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
