import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { afterEach, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../test/overloadServer.ts', import.meta.url));
/** A caller gives up after so long, milliseconds. */
const PATIENCE_MS = 500;
/** Who ask one after the other while it is measured what the server can do. */
const CALLERS = 4;
const MIX = [0.1, 0.2, 0.3, 0.2, 0.2];
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

interface Tally {
  served: number;
  refused: number;
  gaveUp: number;
  /** Of tier 0, what was served and what was asked. */
  topServed: number;
  topAsked: number;
}

interface Server {
  readonly url: string;
  readonly dispatcher: Agent;
  readonly stop: () => void;
}

async function serverWith(...flags: string[]): Promise<Server> {
  const child = spawn(process.execPath, [program, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = (): void => void child.kill('SIGKILL');
  cleanUps.push(stop);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const dispatcher = new Agent({ connections: 400 });
  cleanUps.push(() => dispatcher.destroy());
  return { url: `http://127.0.0.1:${port.toString().trim()}`, dispatcher, stop };
}

/** So many requests a second, whether answers come or not. */
async function offer(
  { url, dispatcher }: Server,
  perSecond: number,
  seconds: number,
): Promise<Tally> {
  const tally: Tally = { served: 0, refused: 0, gaveUp: 0, topServed: 0, topAsked: 0 };
  const ask = async (tier: number): Promise<void> => {
    if (tier === 0) tally.topAsked += 1;
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const headers = { 'x-tier': String(tier) };
      const { statusCode, body } = await request(url, { dispatcher, headers, signal });
      await body.dump();
      if (statusCode !== 200) tally.refused += 1;
      else {
        tally.served += 1;
        if (tier === 0) tally.topServed += 1;
      }
    } catch {
      tally.gaveUp += 1;
    }
  };
  const asked: Promise<void>[] = [];
  const start = performance.now();
  for (let count = 0; performance.now() - start < seconds * 1000;) {
    const due = ((performance.now() - start) / 1000) * perSecond;
    for (; count < due; count += 1) asked.push(ask(tierAt((count * 0.618_034) % 1)));
    await delay(5);
  }
  await Promise.all(asked);
  return tally;
}

function tierAt(place: number): number {
  let below = 0;
  return MIX.findIndex((share) => (below += share) > place);
}

/** Requests a second that it serves when a few callers ask one after the other: what it can do here and now. */
async function capacityOf({ url, dispatcher }: Server, seconds: number): Promise<number> {
  let served = 0;
  const until = performance.now() + seconds * 1000;
  const askOn = async (): Promise<void> => {
    while (performance.now() < until) {
      const { body } = await request(url, { dispatcher });
      await body.dump();
      served += 1;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, askOn));
  return served / seconds;
}

it('has a real server at three times its load answer in time and serve the top tier, as one without a gate does not', async () => {
  const bare = await serverWith();
  await capacityOf(bare, 1);
  const capacity = await capacityOf(bare, 3);
  // Neither is judged while it still finds its way, or its queue.
  await offer(bare, 3 * capacity, 3);
  const overrun = await offer(bare, 3 * capacity, 5);
  // It would go on with what nobody waits for any more.
  bare.stop();
  const gated = await serverWith('gated');
  await offer(gated, 3 * capacity, 3);
  const kept = await offer(gated, 3 * capacity, 5);
  const figures = JSON.stringify({ capacity, overrun, kept });
  process.stdout.write(`${figures}\n`);
  const shareOf = (part: number, whole: number): number => part / Math.max(1, whole);
  const answered = ({ served, refused, gaveUp }: Tally): number =>
    shareOf(served + refused, served + refused + gaveUp);
  const top = ({ topServed, topAsked }: Tally): number => shareOf(topServed, topAsked);
  // How much is served in all is printed and not judged: callers and server share the processors here,
  // and to turn two of three requests away takes time of its own. The simulation judges it.
  expect([figures, answered(kept) > 2 * answered(overrun)]).toEqual([figures, true]);
  expect([figures, top(kept) > 2 * top(overrun)]).toEqual([figures, true]);
}, 60_000);
