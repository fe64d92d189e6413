import type { WindowForm } from '@prorata/quota-model/hosts';
import type { HostTime } from './hostClock.ts';
import { NEVER } from './verdict.ts';
import { sameWindow, windowAt } from './windowAt.ts';

/** An amount per fixed window, as this host alone has counted it since it started. */
export class ConsumableWindow {
  readonly #time: HostTime;
  #form: WindowForm;
  #amount: number;
  #end = -Infinity;
  #used = 0;

  constructor(time: HostTime, form: WindowForm, amount: number) {
    this.#time = time;
    this.#form = form;
    this.#amount = amount;
  }

  /** What was used in the window stays used; under another window it counts until that one ends. */
  change(form: WindowForm, amount: number, atMicros: number): void {
    this.#amount = amount;
    this.#roll(this.#time.wallOf(atMicros));
    if (sameWindow(form, this.#form)) return;
    this.#form = form;
    this.#end = windowAt(form, this.#time.wallOf(atMicros)).end;
  }

  shortfall(cost: number, nowMicros: number): number {
    if (cost > this.#amount) return NEVER;
    const wall = this.#time.wallOf(nowMicros);
    this.#roll(wall);
    return cost <= this.#amount - this.#used ? 0 : this.#end - wall;
  }

  charge(cost: number): void {
    this.#used += cost;
  }

  /** A wall clock that was set back does not open a window anew. */
  #roll(wallMicros: number): void {
    if (wallMicros < this.#end) return;
    this.#end = windowAt(this.#form, wallMicros).end;
    this.#used = 0;
  }
}
