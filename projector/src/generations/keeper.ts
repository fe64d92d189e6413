import type { LogAdmin } from '@prorata/kafka-port';
import type { Pool } from 'pg';
import { isPassing } from '../database/applyBatch.ts';
import type { Logger } from '../logger.ts';
import { CopyOpener } from '../roles/copyOpener.ts';
import type { RolesHeld } from '../roles/provideRoles.ts';
import { describeStop } from '../partition/partitionStop.ts';
import { dropFormer } from './dropFormer.ts';
import { listGenerations, schemaOf } from './generation.ts';
import type { Generation } from './generation.ts';
import type { GenerationFeed } from './generationFeed.ts';
import type { LiveTables } from './liveTables.ts';
import type { ProjectionDefinition } from './projections.ts';
import { provideGeneration } from './provideGeneration.ts';
import { sweepGroups } from './sweepGroups.ts';
import { switchLive } from './switchLive.ts';
import { ViewFollower } from '../views/viewFollower.ts';

/** How soon an instance sees what another one, or an operator, has done; milliseconds. */
const LOOK_PAUSE_MS = 500;
/**
 * How long a copy that is no longer read stays, fed like the live one: for instances with older code,
 * which read nothing else, to be replaced. Milliseconds.
 */
const GRACE_MS = 5 * 60_000;

/** Between two looks for what copies that are gone have left in the log, milliseconds. */
const SWEEP_PAUSE_MS = 5 * 60_000;
/** After a copy was dropped, milliseconds: by then every instance has left its groups. */
const SWEEP_SOON_MS = 2_000;

export interface KeeperParts {
  readonly pool: Pool;
  readonly definitions: readonly ProjectionDefinition[];
  readonly partitions: number;
  readonly tables: LiveTables;
  readonly newFeed: (definition: ProjectionDefinition, generation: Generation) => GenerationFeed;
  readonly roles: RolesHeld;
  readonly logger: Logger;
  readonly namespace: string;
  readonly openAdmin: () => Promise<LogAdmin>;
  readonly graceMs?: number;
}

/**
 * Keeps this instance in step with the table of copies: makes those that are wanted, fills every one
 * of its own version, switches to one that has caught up, and drops those whose time is over. Every
 * instance does the same; the database lets one at a time.
 */
export class GenerationKeeper {
  readonly #parts: KeeperParts;
  readonly #feeds = new Map<string, GenerationFeed>();
  readonly #finished: {
    readonly promise: Promise<void>;
    readonly reject: (cause: unknown) => void;
  } = Promise.withResolvers();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;
  #sweepAtMs = 0;
  #sweeping: Promise<void> = Promise.resolve();
  /** What this instance last found to stop copies that it fills, by schema. */
  readonly #told = new Map<string, string | null>();
  readonly #opener: CopyOpener;
  readonly #follower: ViewFollower;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#opener = new CopyOpener(parts.pool, parts.roles);
    this.#follower = new ViewFollower(parts.pool, parts.logger);
  }

  /** Rejects when a copy cannot be filled any more. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Of all copies that this instance fills. */
  get feeds(): readonly GenerationFeed[] {
    return [...this.#feeds.values()];
  }

  /** @throws what the database or the log says */
  async start(): Promise<void> {
    await this.#look();
    this.#again();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
    await this.#sweeping;
    await Promise.all(this.feeds.map((feed) => feed.stop()));
    this.#feeds.clear();
  }

  #again(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#lookSafely().then(() => this.#again());
    }, LOOK_PAUSE_MS);
  }

  async #lookSafely(): Promise<void> {
    try {
      await this.#look();
    } catch (error) {
      const level = isPassing(error) ? 'warn' : 'error';
      this.#parts.logger[level]({ err: error }, 'Copies of the tables were not looked after.');
    }
  }

  async #look(): Promise<void> {
    const { pool, definitions, partitions, tables, logger } = this.#parts;
    for (const definition of definitions) {
      const made = await provideGeneration(pool, definition, partitions);
      if (made !== null)
        logger.info({ schema: schemaOf(made), state: made.state }, 'A copy begins.');
    }
    const all = await listGenerations(pool);
    if (!(await this.#opener.openAll(all))) return;
    await this.#feedAll(all);
    tables.update(all);
    for (const each of all) await this.#forward(each);
    for (const each of all)
      if (each.state === 'live' && this.#isOurs(each)) await this.#follower.follow(each);
    for (const each of all) await this.#drop(each, all);
    if (performance.now() >= this.#sweepAtMs) this.#sweep();
  }

  /** Beside everything else: nothing waits for it. */
  #sweep(): void {
    const { logger } = this.#parts;
    this.#sweepAtMs = performance.now() + SWEEP_PAUSE_MS;
    this.#sweeping = sweepGroups(this.#parts).then(
      (groups) => {
        if (groups.length > 0)
          logger.info({ groups }, 'Groups of copies that are gone are deleted.');
      },
      (error: unknown) => logger.warn({ err: error }, 'Groups of copies that are gone stay.'),
    );
  }

  async #feedAll(all: readonly Generation[]): Promise<void> {
    const wanted = new Map(all.filter((each) => this.#isOurs(each)).map((g) => [schemaOf(g), g]));
    for (const [schema, feed] of this.#feeds) {
      if (wanted.has(schema)) continue;
      this.#feeds.delete(schema);
      await feed.stop();
    }
    for (const [schema, generation] of wanted) {
      const definition = this.#definitionOf(generation);
      if (this.#feeds.has(schema) || definition === undefined) continue;
      const feed = this.#parts.newFeed(definition, generation);
      await feed.start();
      this.#feeds.set(schema, feed);
      feed.finished.catch((error: unknown) => {
        if (this.#feeds.get(schema) === feed) this.#finished.reject(error);
      });
    }
  }

  async #drop(former: Generation, all: readonly Generation[]): Promise<void> {
    if (former.state !== 'former') return;
    const { pool, logger, graceMs = GRACE_MS } = this.#parts;
    const live = all.find(
      (each) =>
        each.projection === former.projection && each.state === 'live' && this.#isOurs(each),
    );
    if (await dropFormer(pool, former, { live: live ?? null, graceMs })) {
      logger.info({ schema: schemaOf(former) }, 'A copy is dropped.');
      this.#sweepAtMs = performance.now() + SWEEP_SOON_MS;
    }
  }

  /** A copy's way to being live, if it is due. */
  async #forward(generation: Generation): Promise<void> {
    const { pool, logger } = this.#parts;
    const schema = schemaOf(generation);
    if (generation.state === 'former') return;
    if (!this.#isOurs(generation)) return;
    await this.#tellTrouble(generation);
    if (generation.state === 'building' && (await switchLive(pool, generation))) {
      logger.info({ schema }, 'A copy is live.');
      this.#parts.tables.update(await listGenerations(pool));
    }
  }

  /** Says in the table what stops a copy; that nothing does, where it said otherwise or has just begun. */
  async #tellTrouble(generation: Generation): Promise<void> {
    const schema = schemaOf(generation);
    const stops = this.#feeds.get(schema)?.stops ?? [];
    const trouble = stops.length === 0 ? null : stops.map(describeStop).join('; ');
    const mayClear = this.#told.get(schema) !== null;
    this.#told.set(schema, trouble);
    const isNews =
      trouble === null ? mayClear && generation.trouble !== null : generation.trouble === null;
    if (!isNews) return;
    await this.#parts.pool.query(
      'UPDATE projector.generations SET trouble = $3 WHERE projection = $1 AND generation = $2',
      [generation.projection, generation.generation, trouble],
    );
  }

  #isOurs(generation: Generation): boolean {
    return (
      generation.state !== 'asked' && this.#definitionOf(generation)?.version === generation.version
    );
  }

  #definitionOf({ projection }: Generation): ProjectionDefinition | undefined {
    return this.#parts.definitions.find(({ name }) => name === projection);
  }
}
