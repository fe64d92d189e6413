import { ThrottleLaws } from './throttleLaws.ts';
import { ThrottleProcess, wordsOf } from './throttleProcess.ts';
import type { Death, Evaluated, Planting, Way } from './throttleProcess.ts';
import { HOUR, ThrottleWorld } from './throttleWorld.ts';

/** Eight a day: five weeks, so that windows of a week and of a month roll. */
const STEPS = 34 * 8;
/** Rests, a cool-down and every step of the deepest policy fit in. */
const QUIET_STEPS = 4 * 8;
/** Evaluations at one moment until nothing more is to be said. */
const LOOKS_MAX = 6;

export interface ChaosResult {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly seen: ReadonlyMap<string, number>;
}

/** How likely each of these befalls a step. */
const chance = {
  meddling: 0.2,
  sinkAway: 0.02,
  tableAway: 0.05,
  logAway: 0.03,
  late: 0.1,
  gatewayAway: 0.06,
  answersLost: 0.06,
  death: 0.25,
  second: 0.05,
  secondEnds: 0.1,
  redelivery: 0.1,
} as const;

/** Processes of the budget throttle in five virtual weeks in which everything happens to them. */
export async function throttleChaos(seed: number, plant: Planting = {}): Promise<ChaosResult> {
  const world = new ThrottleWorld(seed);
  const said = new Map<string, bigint>();
  const laws = new ThrottleLaws(world, said);
  const run = new Run(world, said, plant);
  for (let step = 0; step < STEPS; step += 1) {
    world.advance();
    laws.faults.push(...(await run.disturbed()));
    laws.check();
    if (laws.faults.length > 0) return { seed, faults: laws.faults, seen: laws.seen };
  }
  world.isQuiet = true;
  world.sinkAwayUntil = 0n;
  for (let step = 0; step < QUIET_STEPS; step += 1) {
    world.advance();
    laws.faults.push(...(await run.undisturbed(step === QUIET_STEPS - 1)));
    laws.check();
  }
  laws.settled();
  return { seed, faults: laws.faults, seen: laws.seen };
}

class Run {
  readonly #world: ThrottleWorld;
  readonly #said: Map<string, bigint>;
  readonly #plant: Planting;
  #processes: ThrottleProcess[] = [];

  constructor(world: ThrottleWorld, said: Map<string, bigint>, plant: Planting) {
    this.#world = world;
    this.#said = said;
    this.#plant = plant;
  }

  /** One step in which anything may happen. @returns what failed that should not have */
  async disturbed(): Promise<readonly string[]> {
    const world = this.#world;
    if (this.#is('meddling')) world.meddle();
    if (this.#is('sinkAway')) world.sinkAwayUntil = world.now + HOUR * BigInt(world.between(3, 40));
    if (this.#is('redelivery')) this.#redeliver();
    if (this.#is('late')) return [];
    this.#keepAlive();
    world.table.isAway = this.#is('tableAway');
    const evaluations = this.#processes.map((process) => {
      process.view.isAway = this.#is('logAway');
      return process.evaluate(this.#way(), this.#death());
    });
    const evaluated = await Promise.all(evaluations);
    return evaluated.flatMap(({ errors }) => errors);
  }

  /** @param isLast then nothing may be left to be said */
  async undisturbed(isLast: boolean): Promise<readonly string[]> {
    this.#keepAlive();
    this.#processes.length = 1;
    this.#world.table.isAway = false;
    const [process] = this.#processes;
    if (process === undefined) return [];
    process.view.isAway = false;
    let evaluated: Evaluated = { posts: 0, errors: [] };
    for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
      evaluated = await process.evaluate();
      if (evaluated.posts === 0 || evaluated.errors.length > 0) return evaluated.errors;
    }
    return isLast ? [`after ${LOOKS_MAX} looks at one moment it still has something to say`] : [];
  }

  #keepAlive(): void {
    this.#processes = this.#processes.filter(({ isDead }) => !isDead);
    if (this.#processes.length > 1 && this.#is('secondEnds')) this.#processes.shift();
    if (this.#processes.length === 0 || (this.#processes.length === 1 && this.#is('second'))) {
      this.#processes.push(new ThrottleProcess(this.#world, this.#said, this.#plant));
    }
  }

  /** What a network may do within a day: the same command once more. */
  #redeliver(): void {
    const { log, now } = this.#world;
    const young = [...log.commandOf].slice(-20).map(([, command]) => command);
    const command = young[Math.floor(this.#world.random() * young.length)];
    const at = command && this.#said.get(wordsOf(command));
    if (command !== undefined && at !== undefined && now - at < 20n * HOUR) log.answer(command);
  }

  #way(): Way {
    if (this.#is('gatewayAway')) return 'away';
    return this.#is('answersLost') ? 'lost' : 'decide';
  }

  #death(): Death | null {
    if (!this.#is('death')) return null;
    const moment = this.#world.random() < 0.5 ? 'before' : 'after';
    return { post: this.#world.between(0, 5), moment };
  }

  #is(what: keyof typeof chance): boolean {
    return this.#world.random() < chance[what];
  }
}
