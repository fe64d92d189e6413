import type { Pool } from 'pg';
import type { Router } from 'express';
import type { ReadModels } from '../routes/readModels.ts';
import { schemaOf } from './generation.ts';
import type { Generation } from './generation.ts';
import type { ProjectionDefinition } from './projections.ts';

/** A request that has begun may ask its last statement so long after the switch, milliseconds. */
const REQUEST_MS_MAX = 65_000;

/** The copies that requests are answered from, one of each projection, with the routes over them. */
export interface Live extends ReadModels {
  readonly schemas: readonly string[];
  /** All that are to be closed with it. */
  readonly pools: readonly Pool[];
  readonly router: Router;
}

/**
 * Which copies requests are answered from. A request keeps those that it began with to its end, so
 * that none sees a mixture of two.
 */
export class LiveTables {
  readonly #definitions: readonly ProjectionDefinition[];
  readonly #open: (schemas: readonly string[]) => Live;
  readonly #closing = new Map<Pool, NodeJS.Timeout>();
  #live: Live | null = null;

  constructor(
    definitions: readonly ProjectionDefinition[],
    open: (schemas: readonly string[]) => Live,
  ) {
    this.#definitions = definitions;
    this.#open = open;
  }

  /** null: there is no copy that this version of the code can read. */
  get live(): Live | null {
    return this.#live;
  }

  update(all: readonly Generation[]): void {
    const read = this.#definitions.map((definition) => readableOf(definition, all));
    const schemas = read.every((each) => each !== undefined) ? read.map(schemaOf) : null;
    if (schemas?.join() === this.#live?.schemas.join()) return;
    for (const pool of this.#live?.pools ?? []) this.#closeLater(pool);
    this.#live = schemas === null ? null : this.#open(schemas);
  }

  async stop(): Promise<void> {
    const pools = [...this.#closing.keys()];
    for (const timer of this.#closing.values()) clearTimeout(timer);
    this.#closing.clear();
    pools.push(...(this.#live?.pools ?? []));
    this.#live = null;
    await Promise.all(pools.map((pool) => pool.end()));
  }

  #closeLater(pool: Pool): void {
    const timer = setTimeout(() => {
      this.#closing.delete(pool);
      void pool.end();
    }, REQUEST_MS_MAX);
    this.#closing.set(pool, timer.unref());
  }
}

/**
 * The live copy; for code that cannot read it, which newer code has filled, the last one of its own
 * version as long as it is there.
 */
function readableOf(
  { name, version, readableFrom }: ProjectionDefinition,
  all: readonly Generation[],
): Generation | undefined {
  const mine = all.filter(
    (each) =>
      each.projection === name &&
      each.version >= readableFrom &&
      each.version <= version &&
      (each.state === 'live' || each.state === 'former'),
  );
  return mine.find(({ state }) => state === 'live') ?? mine.at(-1);
}
