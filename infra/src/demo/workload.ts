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

/**
 * The requests of a Parquet file with columns service, timestamp, ContextTokens, GeneratedTokens,
 * rebased to zero and `pace` times as fast.
 */
export async function traceWorkload(file: string, pace: number): Promise<Workload> {
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
    const rows = reader.getRowObjectsJS();
    const first = Number(rows[0]?.['at_us'] ?? 0);
    const requests = rows.map((row) => ({
      atMs: (Number(row['at_us']) - first) / 1000 / pace,
      service: row['service'] === 'code' ? ('code' as const) : ('conv' as const),
      tokens: Number(row['tokens']),
      holdMs: (Number(row['generated']) * MILLISECONDS_PER_TOKEN) / pace,
    }));
    return described(
      requests,
      `${String(requests.length)} requests of ${file}, ${pace} times as fast`,
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const SYNTHETIC_SECONDS = 240;

/** A load of the demo's own: requests at a steady pace, with sizes that repeat every minute. */
export function syntheticWorkload(): Workload {
  const requests: Request[] = [];
  for (let index = 0; index < SYNTHETIC_SECONDS * 60; index += 1) {
    const service = index % 3 === 0 ? 'code' : 'conv';
    requests.push({
      atMs: (index * 1000) / 60,
      service,
      tokens: 1_000 + ((index * 7919) % 3_000),
      holdMs: 20 + ((index * 31) % 60),
    });
  }
  return described(requests, 'a small HTTP load of the demo’s own, 60 requests/s');
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
