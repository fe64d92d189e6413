import { availableParallelism } from 'node:os';
import path from 'node:path';
import { dataDirectory } from '../../checkout.ts';
import { startLocalStack } from '../../localStack.ts';
import type { LocalStack } from '../../localStack.ts';
import type { Progress } from '../../provision/progress.ts';
import { removeStack } from '../../stack/inspectStack.ts';
import { significant } from '../figure.ts';
import type { Figure } from '../figure.ts';
import { HALF_OF_QUOTAS } from './benchWorkload.ts';
import { Latencies } from './latencies.ts';
import { LoadGenerator } from './loadGenerator.ts';
import { WARM_UP_MS } from './loadOrder.ts';
import type { LoadOrder } from './loadOrder.ts';
import { processorMs } from './processorTime.ts';
import { measureRobot } from './robotFlood.ts';
import { setTheStage } from './setTheStage.ts';
import { measureSlowValidation } from './slowValidation.ts';
import { SlowValidator } from './slowValidator.ts';
import { startSides } from './sides.ts';
import { ALL_PARTS, OWN_PARTS } from './sides.ts';
import type { Side, SideName, SidePart, SideParts } from './sides.ts';
import { rateAim } from './rateAim.ts';

export interface CommandsBenchOptions {
  /** Those to be measured; the others are not even started. */
  readonly sides: readonly SideName[];
  readonly callers: readonly number[];
  /** How long each side bears each number of callers in each round, seconds. */
  readonly seconds: number;
  /** All sides take turns in each: what else runs on the machine then disturbs all of them. */
  readonly rounds: number;
  /** Where CPU profiles of gateway and writer go; null: none are made. */
  readonly profileDirectory: string | null;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Principals that the callers share: what is bounded for one of them must not be what is measured. */
const PRINCIPALS = 50;
/** Aims on two cores: shares of the floor and of the peer, and one caller's median, milliseconds. */
const AIMS = { ofFloor: 0.6, ofEmmett: 2, oneCallerMs: 12, busyCallers: 100 };

interface Measured {
  accepted: number;
  /** What each part used of processors, the warm-up included, milliseconds. */
  readonly processorMs: Map<SidePart, number>;
  /** The warm-up included. */
  handled: number;
  seconds: number;
  readonly latencies: Latencies;
}

type Measurements = ReadonlyMap<SideName, Measured>;

/** @throws LoadFailed, PartDidNotStart, or that a side did not do what it was asked */
export async function runCommandsBench(options: CommandsBenchOptions): Promise<readonly Figure[]> {
  const directory = path.join(dataDirectory, 'bench', 'stack');
  await removeStack(directory);
  const validator = await SlowValidator.start();
  const load = new LoadGenerator();
  const stack = await startLocalStack({
    directory,
    services: ['writer', 'gateway'],
    environment: environmentOf(options.profileDirectory, validator),
    progress: options.progress,
    signal: options.signal,
  }).catch((error: unknown) => {
    load.stop();
    validator.stop();
    throw error;
  });
  try {
    const tokens = await mintTokens(stack);
    await setTheStage(stack.addresses.gateway, tokens, options.progress);
    const sides = await startSides(stack, options.sides, options.signal);
    try {
      const figures = await measureAll(sides.sides, load, tokens, options);
      return options.sides.includes('ours')
        ? [
            ...figures,
            ...(await measureRobot(stack, load, tokens, options)),
            ...(await measureSlowValidation(stack, load, tokens, validator, options)),
          ]
        : figures;
    } finally {
      await sides.stop();
    }
  } finally {
    load.stop();
    validator.stop();
    await stack.stop();
    await removeStack(directory);
  }
}

function environmentOf(
  profiles: string | null,
  validator: SlowValidator,
): Record<'gateway' | 'writer', Record<string, string>> {
  const profiled: Record<string, string> =
    profiles === null
      ? {}
      : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${path.resolve(profiles)}` };
  return { gateway: { ...profiled, PRORATA_VALIDATOR_HOSTS: validator.host }, writer: profiled };
}

function mintTokens(stack: LocalStack): Promise<string[]> {
  return Promise.all(
    Array.from({ length: PRINCIPALS }, (_, index) =>
      stack.mintToken({ subject: `bench-${index}`, kind: 'user', roles: ['admin', 'operator'] }),
    ),
  );
}

async function measureAll(
  sides: readonly Side[],
  load: LoadGenerator,
  tokens: readonly string[],
  options: CommandsBenchOptions,
): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const callers of options.callers) {
    const measured = new Map<SideName, Measured>(
      sides.map(({ name }) => [name, nothingMeasured()]),
    );
    for (let round = 0; round < options.rounds; round++) {
      // Whoever is first in one round is not in the next.
      for (const index of sides.keys()) {
        options.signal.throwIfAborted();
        const side = sides[(index + round) % sides.length];
        const sum = side === undefined ? undefined : measured.get(side.name);
        if (side === undefined || sum === undefined) continue;
        const order = {
          url: side.url,
          callers,
          command: 'change' as const,
          warmUpMs: WARM_UP_MS,
          measureMs: options.seconds * 1_000,
          tokens,
          quotas: { from: 0, count: HALF_OF_QUOTAS },
        };
        await measure(load, { ...side.parts, callers: load.pid }, order, sum);
        const rate = Math.round(sum.accepted / sum.seconds);
        options.progress(`${side.name}, ${callers} callers, round ${round + 1}: ${rate}/s so far`);
      }
    }
    figures.push(...figuresOf(callers, measured));
  }
  return figures;
}

function nothingMeasured(): Measured {
  return {
    accepted: 0,
    handled: 0,
    processorMs: new Map(),
    seconds: 0,
    latencies: new Latencies(),
  };
}

function processorMsByPart(parts: SideParts): Map<SidePart, number> {
  return new Map(
    ALL_PARTS.flatMap((part) => {
      const pid = parts[part];
      return pid === undefined ? [] : [[part, processorMs([pid])] as const];
    }),
  );
}

async function measure(
  load: LoadGenerator,
  parts: SideParts,
  order: LoadOrder,
  sum: Measured,
): Promise<void> {
  const before = processorMsByPart(parts);
  const result = await load.run(order);
  for (const [part, ms] of processorMsByPart(parts)) {
    const used = ms - (before.get(part) ?? 0);
    sum.processorMs.set(part, (sum.processorMs.get(part) ?? 0) + used);
  }
  sum.handled += result.handled;
  const [sample] = Object.entries(result.samples);
  if (sample !== undefined) {
    throw new Error(`${order.url} answered ${sample[0]} where it should accept: ${sample[1]}`);
  }
  sum.accepted += result.accepted;
  sum.seconds += result.seconds;
  sum.latencies.addAll(result.latencies);
}

function figuresOf(callers: number, measured: Measurements): Figure[] {
  const who = callers === 1 ? 'one caller' : `${callers} callers`;
  const of = (name: SideName, value: (measured: Measured) => number): number | null => {
    const one = measured.get(name);
    const found = one === undefined ? Number.NaN : value(one);
    return Number.isNaN(found) ? null : significant(found);
  };
  const figure = (name: string, unit: string, value: (measured: Measured) => number): Figure => ({
    bench: 'commands',
    figure: `${name}, ${who}`,
    unit,
    ours: of('ours', value),
    peers: { emmett: of('emmett', value) },
    floor: of('bare', value),
    partitions: 4,
    cores: availableParallelism(),
  });
  const rate = figure('accepted', '1/s', ({ accepted, seconds }) => accepted / seconds);
  const median = figure('p50', 'ms', ({ latencies }) => latencies.percentile(0.5));
  return [
    { ...rate, ...(callers >= AIMS.busyCallers ? rateAim(rate, AIMS) : {}) },
    { ...median, ...(callers === 1 ? medianAim(median) : {}) },
    figure('p99', 'ms', ({ latencies }) => latencies.percentile(0.99)),
    figure('processor time a command, broker and database apart', 'µs', (sum) =>
      perCommand(sum, OWN_PARTS),
    ),
    ...ALL_PARTS.map((part) =>
      figure(`processor time a command of the ${part}`, 'µs', (sum) => perCommand(sum, [part])),
    ),
  ];
}

/** Of those parts that the side has; NaN, which is left out, when it has none of them. */
function perCommand({ processorMs, handled }: Measured, parts: readonly SidePart[]): number {
  const measured = parts.flatMap((part) => processorMs.get(part) ?? []);
  if (measured.length === 0) return Number.NaN;
  return (measured.reduce((sum, ms) => sum + ms, 0) * 1_000) / handled;
}

function medianAim({ ours }: Figure): Pick<Figure, 'aim' | 'held'> {
  return { aim: `≤ ${AIMS.oneCallerMs}`, held: ours !== null && ours <= AIMS.oneCallerMs };
}
