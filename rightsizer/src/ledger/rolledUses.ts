import type { Rollups } from '../rollups/rollups.ts';
import { EDGES_MAX, samePositions } from '../rollups/tableUsage.ts';
import type { TableVersion } from '../table/tableVersion.ts';
import type { MeteredUse } from './chargeUse.ts';
import { TableUses } from './tableUses.ts';
import type { LookedAtFiles } from './tableUses.ts';
import type { UsesAsked } from './usageSource.ts';

/**
 * A version of the table whose sums come from payers' hours and the rows since, where all that it has is asked
 * for: what a budget sees each minute. What was known earlier is asked of its rows.
 */
export class RolledUses extends TableUses {
  readonly #newest: TableVersion;
  readonly #rollups: Pick<Rollups, 'paid'>;

  constructor(version: TableVersion, looked: LookedAtFiles, rollups: Pick<Rollups, 'paid'>) {
    super(version, looked);
    this.#newest = version;
    this.#rollups = rollups;
  }

  override async *uses(asked: UsesAsked): AsyncGenerator<MeteredUse> {
    if (!this.#isRolledUp(asked)) {
      yield* super.uses(asked);
      return;
    }
    const { edges, payers } = asked;
    const paid = await this.#rollups.paid(this.#newest);
    for await (const page of paid.usedBetween({ edges, payers })) {
      for (const { project, application, resource, quotaId, index, used } of page) {
        const start = edges[index];
        if (used === 0n || start === undefined) continue;
        yield { project, application, resource, quotaId, start, used };
      }
    }
  }

  #isRolledUp({ edges, known: { positions, loggedBefore } }: UsesAsked): boolean {
    if (edges.length < 2 || edges.length > EDGES_MAX || loggedBefore !== null) return false;
    return positions === null || samePositions(positions, this.#newest.positions);
  }
}
