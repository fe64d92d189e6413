import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { DispatchOwner } from './dispatchOwner.ts';
import type { TargetState } from './targetKeeper.ts';

const states: readonly TargetState[] = ['applied', 'pending', 'drifted', 'refused', 'unreachable'];

/** How many targets of this instance are in which state; which ones, the read models say. */
export function measureTargets(metrics: Registry, owner: DispatchOwner): void {
  new Gauge({
    name: 'relay_targets',
    help: 'Targets that this instance keeps, by the state they are in.',
    labelNames: ['state'],
    registers: [metrics],
    collect() {
      const keepers = owner.keepers;
      for (const state of states) {
        this.set({ state }, keepers.filter((each) => each.standing.state === state).length);
      }
    },
  });
}
