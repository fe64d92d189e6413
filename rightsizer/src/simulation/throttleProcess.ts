import { CommandDesk } from '../commandDesk.ts';
import type { LoopCommand, PostCommand } from '../commandDesk.ts';
import { productionPolicy } from '../policy.ts';
import type { Policy } from '../policy.ts';
import { Throttle } from '../throttle/throttle.ts';
import type { ThrottleParts } from '../throttle/throttle.ts';
import { accepted, unanswered } from './simulatedLog.ts';
import { TABLE_AWAY } from './simulatedTable.ts';
import { SimulatedView } from './simulatedView.ts';
import type { ThrottleWorld } from './throttleWorld.ts';

/** Between looks are hours, so what production rests for minutes rests for hours. */
const HOUR_MS = 3_600_000;

export const throttlePolicy: Policy = {
  ...productionPolicy,
  throttle: {
    ...productionPolicy.throttle,
    evaluationMs: 3 * HOUR_MS,
    freshnessMs: 12 * HOUR_MS,
    escalationMs: 9 * HOUR_MS,
    cooldownMs: 24 * HOUR_MS,
    refusalRestMs: 6 * HOUR_MS,
  },
};

/** What befalls a process in one evaluation: it ends before or after its so-and-so-many-th command is decided. */
export interface Death {
  readonly post: number;
  readonly moment: 'before' | 'after';
}

/** decide: as it should be. away: nothing is decided. lost: decided, and the answer is lost. */
export type Way = 'decide' | 'away' | 'lost';

/** What is put in the place of a process's own, so that a law can be seen to fail. */
export interface Planting {
  readonly parts?: (parts: ThrottleParts, world: ThrottleWorld) => ThrottleParts;
  /** null: it is not posted, and counts as accepted. */
  readonly command?: (command: LoopCommand, world: ThrottleWorld) => LoopCommand | null;
}

/** What an evaluation came to. */
export interface Evaluated {
  readonly posts: number;
  /** What failed that should not have. */
  readonly errors: readonly string[];
}

/** Never comes back: its process is gone. */
const nobody = new Promise<never>(() => undefined);

/** A command to the letter: a later look may say the same decision with other figures. */
export function wordsOf({ commandId, data }: LoopCommand): string {
  return `${commandId} ${JSON.stringify(data)}`;
}

/** One process of the budget throttle, which lives until it is killed. */
export class ThrottleProcess {
  readonly view: SimulatedView;
  /** By command, to the letter: when it was said first. Shared by all processes. */
  readonly #said: Map<string, bigint>;
  readonly #world: ThrottleWorld;
  readonly #throttle: Throttle;
  readonly #plant: Planting;
  #way: Way = 'decide';
  #death: Death | null = null;
  #posts = 0;
  #die: () => void = () => undefined;
  #isDead = false;

  constructor(world: ThrottleWorld, said: Map<string, bigint>, plant: Planting) {
    this.#world = world;
    this.#said = said;
    this.#plant = plant;
    this.view = new SimulatedView(world.log);
    const desk = new CommandDesk((command) => this.#post(command));
    const parts: ThrottleParts = {
      view: this.view,
      reader: world.table.reader(),
      ledger: world.table.ledger(this.view.view.ledger),
      freshness: world.table.freshness(),
      desk,
      policy: throttlePolicy,
    };
    this.#throttle = new Throttle(plant.parts?.(parts, world) ?? parts);
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  async evaluate(way: Way = 'decide', death: Death | null = null): Promise<Evaluated> {
    this.#way = way;
    this.#death = death;
    this.#posts = 0;
    const errors: string[] = [];
    const died = new Promise<void>((resolve) => {
      this.#die = resolve;
    });
    const evaluation = this.#throttle.evaluate(this.#world.now).then(
      ({ faults }) => errors.push(...faults.map(({ error }) => String(error))),
      // It is told, and tried again at the next evaluation.
      (error: unknown) => errors.push(String(error)),
    );
    await Promise.race([evaluation, died]);
    return { posts: this.#posts, errors: errors.filter((error) => !error.includes(TABLE_AWAY)) };
  }

  readonly #post: PostCommand = async (said: LoopCommand) => {
    const { log, random, now } = this.#world;
    // Whoever runs beside it may come first.
    for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await Promise.resolve();
    if (this.#isDead) return nobody;
    const isLast = this.#posts === this.#death?.post;
    this.#posts += 1;
    if (isLast && this.#death?.moment === 'before') return this.#end();
    const command =
      this.#plant.command === undefined ? said : this.#plant.command(said, this.#world);
    if (command === null) return accepted(said.commandId, null);
    const words = wordsOf(command);
    if (!this.#said.has(words)) this.#said.set(words, now);
    if (this.#way === 'away') return unanswered(command.commandId);
    const answer = log.answer(command);
    if (isLast) return this.#end();
    if (this.#way === 'lost') return unanswered(command.commandId);
    return { ...answer, commandId: said.commandId };
  };

  #end(): Promise<never> {
    this.#isDead = true;
    this.#die();
    return nobody;
  }
}
