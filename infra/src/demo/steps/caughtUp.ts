import { eventually } from '../measures.ts';
import type { DemoContext } from '../context.ts';

const LIMIT_MS = 90_000;
/** Twice in a row without lag, so that an event between two looks is not missed. */
const TIMES = 2;

/** Resolves when the read side has shown all that is in the log. */
export async function caughtUp({ client }: DemoContext): Promise<void> {
  let times = 0;
  await eventually('the projector at the end of the log', LIMIT_MS, async () => {
    const page = await client.read('/v1/quotas?limit=1').catch(() => undefined);
    times = page?.['lag'] === 0 ? times + 1 : 0;
    return times >= TIMES ? true : undefined;
  });
}
