import type { Dispatcher } from '@prorata/schemas';
import type { Logger } from '@prorata/service-runtime';
import type { PartitionRelay } from '../rules/partitionRelay.ts';
import type { RuleFold } from '../rules/ruleFold.ts';
import type { PartitionWatch } from '../rules/rulesOwner.ts';
import { dispatchedSetOf } from './dispatchedSetOf.ts';
import type { DispatchedSet } from './dispatcher.ts';
import { PartitionTargets } from './partitionTargets.ts';
import type { Keep, PartitionSource } from './partitionTargets.ts';
import type { Desired, TargetKeeper } from './targetKeeper.ts';

interface Followed {
  readonly targets: PartitionTargets;
  readonly relay: PartitionRelay;
}

/** The targets of all partitions that this instance owns: begun, woken and ended with them. */
export class DispatchOwner implements PartitionWatch {
  readonly #keep: Keep;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #followed = new Map<PartitionRelay, Followed>();

  constructor(keep: Keep, logger: Pick<Logger, 'warn'>) {
    this.#keep = keep;
    this.#logger = logger;
  }

  get keepers(): readonly TargetKeeper[] {
    return [...this.#followed.values()].flatMap(({ targets }) => targets.keepers);
  }

  began(relay: PartitionRelay): void {
    const targets = new PartitionTargets(sourceOf(relay), this.#keep);
    this.#followed.set(relay, { relay, targets });
    targets.changed(null);
    // All of them look now: what the restore has read wakes none of them once more.
    relay.atRest((fold) => fold.takeTouched()).catch(() => undefined);
  }

  folded(relay: PartitionRelay): void {
    const targets = this.#followed.get(relay)?.targets;
    if (targets === undefined) return;
    relay
      .atRest((fold) => fold.takeTouched())
      .then(
        (applications) => targets.changed(applications),
        (error: unknown) => this.#logger.warn({ err: error }, 'Targets were not told of events.'),
      );
  }

  async ended(relay: PartitionRelay): Promise<void> {
    const followed = this.#followed.get(relay);
    this.#followed.delete(relay);
    await followed?.targets.end();
  }
}

function sourceOf(relay: PartitionRelay): PartitionSource {
  const known = new Map<string, Desired>();
  return {
    dispatchers: (applications) =>
      relay.atRest((fold) => {
        const ids = applications ?? fold.applications;
        return new Map([...ids].map((id) => [id, dispatchersOf(fold, id)]));
      }),
    desired: (application) =>
      relay.atRest((fold) => {
        const offset = fold.newestOf(application);
        const present = known.get(application);
        if (present?.offset === offset) return present;
        const desired = { offset, set: setOf(fold, application) };
        known.set(application, desired);
        return desired;
      }),
    caughtUp: (abort) => relay.caughtUp(abort),
  };
}

const dispatchersOf = (fold: RuleFold, application: string): readonly Dispatcher[] =>
  fold.stateOf(application)?.registration.dispatchers ?? [];

function setOf(fold: RuleFold, application: string): DispatchedSet {
  const state = fold.stateOf(application);
  if (state === undefined) return { application, resources: new Map(), quotas: [] };
  return dispatchedSetOf(state, fold.rulesOf(application));
}
