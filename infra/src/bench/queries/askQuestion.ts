import type { Question } from './questions.ts';
import { Latencies } from '../commands/latencies.ts';

/** Of each question, after as many as warm it up. */
const REQUESTS = 200;
const WARM_UP = 20;
/** Any; the same questions in every run. */
const SEED = 7;

export interface Asked {
  readonly asked: Latencies;
  /** Of requests in between that ask nothing of the tables: what the machine and HTTP take. */
  readonly floor: Latencies;
  /** What answers it used of processors a question, milliseconds; those of the floor use next to nothing of theirs. */
  readonly processorMs: number;
}

export interface Asking {
  readonly gateway: string;
  readonly token: string;
  /** What those who answer have used since they began, milliseconds. */
  readonly usedMs: () => number;
}

/** One caller asks it many times. @throws Error when it is not answered */
export async function askQuestion(
  { path: pathOf }: Question,
  { gateway, token, usedMs }: Asking,
): Promise<Asked> {
  const [asked, floor] = [new Latencies(), new Latencies()];
  const any = evenly(SEED);
  let startedMs = usedMs();
  for (let request = -WARM_UP; request < REQUESTS; request += 1) {
    const own = await timed(gateway, token, pathOf(any));
    const bare = await timed(gateway, token, '/healthz');
    if (request === -1) startedMs = usedMs();
    if (request < 0) continue;
    asked.add(own);
    floor.add(bare);
  }
  return { asked, floor, processorMs: (usedMs() - startedMs) / REQUESTS };
}

/** @returns milliseconds until the answer is whole. @throws Error when it is none */
async function timed(gateway: string, token: string, address: string): Promise<number> {
  const startedMs = performance.now();
  const response = await get(gateway, token, address);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${address} was answered with ${response.status}.`);
  return performance.now() - startedMs;
}

export function get(gateway: string, token: string, address: string): Promise<Response> {
  return fetch(`${gateway}${address}`, { headers: { authorization: `Bearer ${token}` } });
}

/** A linear congruential generator (Numerical Recipes), of which the upper bits are used. */
function evenly(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
