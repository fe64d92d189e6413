import { arms, ClosedLoop } from './closedLoop.ts';
import type { ArmFigures, ClosedLoopTerms } from './closedLoop.ts';
import { quarterDemand } from './quarterDemand.ts';

/** What one arm came to with one seed's demand: a line of the kept file. */
export interface ClosedLoopRun extends ArmFigures {
  readonly bench: 'closedloop';
  readonly seed: number;
  readonly arm: string;
  readonly days: number;
}

/** Every arm on the same demand, one after another. */
export async function* runsOf(terms: ClosedLoopTerms): AsyncGenerator<ClosedLoopRun> {
  const { seed, days } = terms;
  const quotas = quarterDemand(seed, days);
  for (const arm of arms) {
    const figures = await new ClosedLoop(terms, arm, quotas).run();
    yield { bench: 'closedloop', seed, arm: arm.name, days, ...rounded(figures) };
  }
}

/** To as many places as mean something. */
function rounded(figures: ArmFigures): ArmFigures {
  const entries = Object.entries(figures) as [keyof ArmFigures, number][];
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Math.round(value * 10_000) / 10_000]),
  ) as Record<keyof ArmFigures, number>;
}
