import { stat } from 'node:fs/promises';
import { DuckDBInstance } from '@duckdb/node-api';

/** One request to a service of the demo's LLM gateway. */
export interface Request {
  /** When it comes, milliseconds from the start of the replay. */
  readonly atMs: number;
  readonly service: Service;
  readonly tokens: number;
  /** How long it holds its place among the concurrent requests, milliseconds. */
  readonly holdMs: number;
}

export const services = ['conv', 'code'] as const;
export type Service = (typeof services)[number];

export interface Workload {
  readonly requests: readonly Request[];
  /** Tokens per second over the whole, by service, at the pace of the replay. */
  readonly tokensPerSecond: Readonly<Record<Service, number>>;
  readonly description: string;
}

/** A generated token takes about this long on the services of the trace's kind; it only has to be plausible. */
const MILLISECONDS_PER_TOKEN = 20;

/** The file named by `--trace` cannot be replayed; says which file and why. */
export class TraceUnusable extends Error {
  override readonly name = 'TraceUnusable';
}

/** Fewer would end before the steps under traffic do. */
const REQUESTS_MIN = 1_000;

/**
 * The requests of a Parquet file with columns service, timestamp, ContextTokens, GeneratedTokens,
 * rebased to zero and `pace` times as fast.
 */
export async function traceWorkload(file: string, pace: number): Promise<Workload> {
  const found = await stat(file).catch(() => null);
  // DuckDB takes a name for a pattern: only an existing file is one trace.
  if (found?.isFile() !== true) throw new TraceUnusable(`--trace ${file}: there is no such file`);
  const rows = await readTrace(file).catch((cause: unknown) => {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new TraceUnusable(
      `--trace ${file} is not a Parquet file with the columns service, timestamp, ContextTokens ` +
        `and GeneratedTokens: ${why}`,
      { cause },
    );
  });
  if (rows.length < REQUESTS_MIN) {
    throw new TraceUnusable(
      `--trace ${file} has ${rows.length} requests, too few to show anything`,
    );
  }
  const first = rows[0]?.atMicros ?? 0;
  const requests = rows.map(({ atMicros, service, tokens, generated }) => ({
    atMs: (atMicros - first) / 1000 / pace,
    service,
    tokens,
    holdMs: (generated * MILLISECONDS_PER_TOKEN) / pace,
  }));
  return described(requests, `${requests.length} requests of ${file}, ${pace} times as fast`);
}

interface TraceRow {
  readonly atMicros: number;
  readonly service: Service;
  readonly tokens: number;
  readonly generated: number;
}

async function readTrace(file: string): Promise<readonly TraceRow[]> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `select service, epoch_us(cast(timestamp as timestamp)) as at_us,
              ContextTokens + GeneratedTokens as tokens, GeneratedTokens as generated
       from read_parquet($file) order by at_us`,
      { file },
    );
    return reader.getRowObjectsJS().map((row) => ({
      atMicros: Number(row['at_us']),
      service: row['service'] === 'code' ? 'code' : 'conv',
      tokens: Number(row['tokens']),
      generated: Number(row['generated']),
    }));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const SYNTHETIC_SECONDS = 240;
const SYNTHETIC_PER_SECOND = 120;

/** A load of the demo's own: requests at a steady pace, with sizes that repeat every minute. */
export function syntheticWorkload(): Workload {
  const requests: Request[] = [];
  for (let index = 0; index < SYNTHETIC_SECONDS * SYNTHETIC_PER_SECOND; index += 1) {
    const service = index % 3 === 0 ? 'code' : 'conv';
    requests.push({
      atMs: (index * 1000) / SYNTHETIC_PER_SECOND,
      service,
      tokens: 1_000 + ((index * 7919) % 3_000),
      holdMs: 20 + ((index * 31) % 60),
    });
  }
  return described(
    requests,
    `a small HTTP load of the demo’s own, ${SYNTHETIC_PER_SECOND} requests/s`,
  );
}

function described(requests: readonly Request[], description: string): Workload {
  const seconds = Math.max(1, (requests.at(-1)?.atMs ?? 0) / 1000);
  const perSecond = (service: Service): number =>
    Math.round(
      requests
        .filter((request) => request.service === service)
        .reduce((sum, r) => sum + r.tokens, 0) / seconds,
    );
  return {
    requests,
    tokensPerSecond: { conv: perSecond('conv'), code: perSecond('code') },
    description,
  };
}
