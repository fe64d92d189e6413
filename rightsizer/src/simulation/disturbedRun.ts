import { wordsOf } from './loopProcess.ts';
import type { Death, Evaluated, LoopProcess, Way } from './loopProcess.ts';
import { HOUR } from './simulatedWorld.ts';
import type { SimulatedWorld } from './simulatedWorld.ts';

export interface ChaosResult {
  readonly seed: number;
  readonly faults: readonly string[];
  /** How often each kind of event came. */
  readonly seen: ReadonlyMap<string, number>;
}

/** Evaluations at one moment until nothing more is to be said. */
const LOOKS_MAX = 6;

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

/** Processes of a control loop to which everything happens: crashes, a second one, outages, late looks. */
export class DisturbedRun {
  readonly #world: SimulatedWorld;
  readonly #said: Map<string, bigint>;
  readonly #start: () => LoopProcess;
  #processes: LoopProcess[] = [];

  /** @param said by command, to the letter: when it was said first */
  constructor(world: SimulatedWorld, said: Map<string, bigint>, start: () => LoopProcess) {
    this.#world = world;
    this.#said = said;
    this.#start = start;
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
      this.#processes.push(this.#start());
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
