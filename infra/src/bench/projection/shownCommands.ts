import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { Latencies } from '../commands/latencies.ts';

/** Between two looks at the tables, milliseconds: what is told is up to so much too long. */
const LOOK_MS = 4;

interface Accepted {
  readonly version: bigint;
  readonly atMs: number;
}

/** Watches the live tables for what was accepted, and times how long each took to be readable. */
export class ShownCommands {
  readonly latencies = new Latencies();
  readonly #client: pg.Client;
  readonly #statement: string;
  /** By stream, in the order of versions. */
  readonly #waiting = new Map<string, Accepted[]>();
  #isStopped = false;
  #looking: Promise<void> = Promise.resolve();

  private constructor(client: pg.Client, statement: string) {
    this.#client = client;
    this.#statement = statement;
  }

  static async start(databaseUrl: string): Promise<ShownCommands> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ generation: number }>(
      `SELECT generation FROM projector.generations WHERE projection = 'quotas' AND state = 'live'`,
    );
    const heads = `quotas_${rows[0]?.generation ?? 0}.stream_heads`;
    const shown = new ShownCommands(client, `SELECT stream, stream_version FROM ${heads}`);
    shown.#looking = shown.#look();
    return shown;
  }

  /** A command has been answered as accepted just now. */
  accepted(stream: string, version: bigint): void {
    const waiting = this.#waiting.get(stream) ?? [];
    waiting.push({ version, atMs: performance.now() });
    this.#waiting.set(stream, waiting);
  }

  get waiting(): number {
    return [...this.#waiting.values()].reduce((sum, each) => sum + each.length, 0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#looking;
    await this.#client.end();
  }

  async #look(): Promise<void> {
    while (!this.#isStopped) {
      const { rows } = await this.#client.query<{ stream: string; stream_version: string }>(
        this.#statement,
      );
      const nowMs = performance.now();
      for (const { stream, stream_version } of rows) {
        this.#settle(stream, BigInt(stream_version), nowMs);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #settle(stream: string, version: bigint, nowMs: number): void {
    const waiting = this.#waiting.get(stream) ?? [];
    const left = waiting.filter((each) => each.version > version);
    for (const each of waiting) {
      if (each.version <= version) this.latencies.add(nowMs - each.atMs);
    }
    this.#waiting.set(stream, left);
  }
}
