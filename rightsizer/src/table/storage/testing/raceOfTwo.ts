import { expect } from 'vitest';
import type { TableStorage } from '../tableStorage.ts';
import { tryVersion } from './raceForVersions.ts';

/** Two committers try each version at once: one wins it, and what is read is what that one wrote. */
export async function raceOfTwo(
  left: TableStorage,
  right: TableStorage,
  versions: number,
): Promise<void> {
  const wins = [0, 0];
  for (let version = 1; version <= versions; version += 1) {
    // Who is called first has a head start.
    const tries = [() => tryVersion(left, 'left', version), () => tryVersion(right, 'right', version)]; // prettier-ignore
    const order = version % 2 === 0 ? [0, 1] : [1, 0];
    const won = [false, false];
    await Promise.all(order.map(async (index) => (won[index] = (await tries[index]?.()) ?? false)));
    expect(won.filter(Boolean), `version ${version}`).toHaveLength(1);
    const winner = won.indexOf(true);
    wins[winner] = (wins[winner] ?? 0) + 1;
    const content = (await left.read(`race/v${version}.json`))?.toString();
    expect(content).toBe(`${winner === 0 ? 'left' : 'right'} made ${version}`);
  }
  expect(Math.min(...wins)).toBeGreaterThan(0);
}
