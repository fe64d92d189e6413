import type { Handle } from '../decision/handle.ts';
import type { Host } from '../host.ts';

/** Handles kept, some 2 KB each; beyond them the one that was made first goes. */
const HANDLES_MAX = 10_000;

/** Handles by what they are bound to, so that a request need not bind. */
export class BoundHandles {
  readonly #host: Host;
  readonly #handles = new Map<string, Handle>();

  constructor(host: Host) {
    this.#host = host;
  }

  of(target: Readonly<Record<string, string>>): Handle {
    const name = JSON.stringify(target);
    let handle = this.#handles.get(name);
    if (handle === undefined) {
      handle = this.#host.bind(target);
      const [oldest] = this.#handles.keys();
      if (this.#handles.size >= HANDLES_MAX && oldest !== undefined) this.#handles.delete(oldest);
      this.#handles.set(name, handle);
    }
    return handle;
  }
}
