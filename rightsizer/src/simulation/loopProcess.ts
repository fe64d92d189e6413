import { CommandDesk } from '../commandDesk.ts';
import type { LoopCommand, PostCommand } from '../commandDesk.ts';
import { accepted, unanswered } from './simulatedLog.ts';
import { TABLE_AWAY } from './simulatedTable.ts';
import { SimulatedView } from './simulatedView.ts';
import type { SimulatedWorld } from './simulatedWorld.ts';

/** What befalls a process in one evaluation: it ends before or after its so-and-so-many-th command is decided. */
export interface Death {
  readonly post: number;
  readonly moment: 'before' | 'after';
}

/** decide: as it should be. away: nothing is decided. lost: decided, and the answer is lost. */
export type Way = 'decide' | 'away' | 'lost';

/** What an evaluation came to. */
export interface Evaluated {
  readonly posts: number;
  /** What failed that should not have. */
  readonly errors: readonly string[];
}

/** One evaluation of a control loop. @returns what failed in it */
export type Evaluate = (now: bigint) => Promise<readonly string[]>;

export interface LoopTerms {
  readonly world: SimulatedWorld;
  /** By command, to the letter: when it was said first. Shared by all processes. */
  readonly said: Map<string, bigint>;
  /** What becomes of a command on its way; null: it is not posted, and counts as accepted. */
  readonly command?: ((command: LoopCommand) => LoopCommand | null) | undefined;
  /** Makes the loop. */
  readonly begin: (view: SimulatedView, desk: CommandDesk) => Evaluate;
}

/** Never comes back: its process is gone. */
const nobody = new Promise<never>(() => undefined);

/** A command to the letter: a later look may say the same decision with other figures. */
export function wordsOf({ commandId, data }: LoopCommand): string {
  return `${commandId} ${JSON.stringify(data)}`;
}

/** One process of a control loop, which lives until it is killed. */
export class LoopProcess {
  readonly view: SimulatedView;
  readonly #terms: LoopTerms;
  readonly #evaluate: Evaluate;
  #way: Way = 'decide';
  #death: Death | null = null;
  #posts = 0;
  #die: () => void = () => undefined;
  #isDead = false;

  constructor(terms: LoopTerms) {
    this.#terms = terms;
    this.view = new SimulatedView(terms.world.log);
    this.#evaluate = terms.begin(this.view, new CommandDesk((command) => this.#post(command)));
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
    const evaluation = this.#evaluate(this.#terms.world.now).then(
      (failed) => errors.push(...failed),
      // It is told, and tried again at the next evaluation.
      (error: unknown) => errors.push(String(error)),
    );
    await Promise.race([evaluation, died]);
    return { posts: this.#posts, errors: errors.filter((error) => !error.includes(TABLE_AWAY)) };
  }

  readonly #post: PostCommand = async (said: LoopCommand) => {
    const { world, said: known } = this.#terms;
    const { log, random, now } = world;
    // Whoever runs beside it may come first.
    for (let turns = Math.floor(random() * 4); turns > 0; turns -= 1) await Promise.resolve();
    if (this.#isDead) return nobody;
    const isLast = this.#posts === this.#death?.post;
    this.#posts += 1;
    if (isLast && this.#death?.moment === 'before') return this.#end();
    const command = this.#terms.command === undefined ? said : this.#terms.command(said);
    if (command === null) return accepted(said.commandId, null);
    const words = wordsOf(command);
    if (!known.has(words)) known.set(words, now);
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
