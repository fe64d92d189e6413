import type { Actor, QuotaContent, ResourceLimit } from '@prorata/schemas';
import { UnreadableState } from '../faults.ts';
import { parentOf } from '../ids.ts';
import type { ApplicationState, Provenance, QuotaState, StreamState } from '../model.ts';
import {
  NO_HAIRCUTS,
  NO_RIGHTSIZED,
  sharedActor,
  sharedApproved,
  sharedContent,
  sharedText,
} from '../sharing.ts';
import { decode, isState } from '../snapshot.ts';
import { emptyDerived, rebuildingDerived } from './derivedFields.ts';
import { PARTS_MAX } from './stateEntries.ts';
import type { QuotaEntry } from './stateEntries.ts';

type Frame = Omit<QuotaContent, 'limits'>;

/** Makes a state of its entries again, in the order in which `stateEntries` gave them. */
export class StateAssembly {
  #state: StreamState | null = null;
  readonly #frames: Frame[] = [];
  readonly #limits: ResourceLimit[] = [];
  readonly #actors: Actor[] = [];
  readonly #texts: string[] = [];
  /** Whole contents by the numbers of their parts: quotas that declare the same hold one object. */
  readonly #contents = new Map<string, QuotaContent>();

  /** @param entry the parsed JSON. @throws UnreadableState */
  add(entry: unknown): void {
    try {
      this.#add(entry as readonly unknown[]);
    } catch (error) {
      if (error instanceof UnreadableState) throw error;
      throw new UnreadableState('an entry is not of the form of one', { cause: error });
    }
  }

  /**
   * Makes what is made from the rest, and yields now and then: of a large state it takes seconds.
   * @throws UnreadableState when there was no state among the entries
   */
  *finishing(): Generator<void, StreamState> {
    const state = this.#required();
    if (state.kind === 'application') yield* rebuildingDerived(state);
    return state;
  }

  /** As `finishing`, at once. */
  finish(): StreamState {
    const finishing = this.finishing();
    for (;;) {
      const step = finishing.next();
      if (step.done === true) return step.value;
    }
  }

  #add(entry: readonly unknown[]): void {
    const [tag, value] = entry;
    switch (tag) {
      case 'q':
        this.#addQuota(entry as QuotaEntry);
        return;
      case 'limit':
        this.#limits.push(decode(value) as ResourceLimit);
        return;
      case 'frame':
        this.#frames.push(frameOf(decode(value) as Frame));
        return;
      case 'actor':
        this.#actors.push(sharedActor(decode(value) as Actor));
        return;
      case 'text':
        this.#texts.push(sharedText(value as string));
        return;
      case 'm':
        fieldOf(this.#required(), entry[1], Map).set(entry[2], decode(entry[3]));
        return;
      case 's':
        fieldOf(this.#required(), entry[1], Set).add(entry[2]);
        return;
      case 'state':
        this.#state = emptyState(decode(value));
        return;
      default:
        throw new UnreadableState(`there is no entry ${String(tag)}`);
    }
  }

  #addQuota(entry: QuotaEntry): void {
    const state = this.#required();
    if (state.kind !== 'application') throw new UnreadableState('it has no quotas');
    const [, quotaId, version, frame, limits, actor, reason, commandId, at, streamVersion, others] =
      entry;
    const { approved = null, ...more } =
      others === null ? {} : (decode(others) as Partial<QuotaState & Pick<Provenance, 'approved'>>);
    const quota: QuotaState = {
      quotaId,
      version: BigInt(version),
      content: this.#contentOf(frame, limits),
      declared: {
        actor: part(this.#actors, actor),
        reason: typeof reason === 'number' ? named(this.#texts[reason]) : reason,
        commandId,
        at: BigInt(at),
        streamVersion: BigInt(streamVersion),
        approved: approved === null ? null : sharedApproved(approved),
      },
      earlier: null,
      rightsized: NO_RIGHTSIZED,
      haircuts: NO_HAIRCUTS,
      override: null,
      rolledBack: null,
      versions: null,
      ...more,
    };
    state.quotas.set(quotaId, quota);
    addChild(state, quotaId);
  }

  #contentOf(frame: number | object, limits: QuotaEntry[4]): QuotaContent {
    const isShared = typeof frame === 'number' && limits.every((each) => typeof each === 'number');
    const key = isShared ? `${frame} ${limits.join(' ')}` : null;
    const known = key === null ? undefined : this.#contents.get(key);
    if (known !== undefined) return known;
    const content = {
      ...part(this.#frames, frame),
      limits: limits.map((limit) => part(this.#limits, limit)),
    };
    if (key !== null && this.#contents.size < PARTS_MAX) this.#contents.set(key, content);
    return content;
  }

  #required(): StreamState {
    if (this.#state === null) throw new UnreadableState('it holds no state');
    return this.#state;
  }
}

function emptyState(decoded: unknown): StreamState {
  if (!isState(decoded)) throw new UnreadableState('it holds no state');
  if (decoded.kind !== 'application') return decoded;
  return { ...decoded, ...emptyDerived(), quotas: new Map(), children: new Map() };
}

/** Labels and lists that are empty are those that all others hold. */
function frameOf(decoded: Frame): Frame {
  const { limits, ...frame } = sharedContent({ ...decoded, limits: [] });
  limits satisfies readonly ResourceLimit[];
  return frame;
}

function addChild(state: ApplicationState, quotaId: string): void {
  const parent = parentOf(quotaId);
  const siblings = state.children.get(parent);
  if (siblings === undefined) state.children.set(parent, new Set([quotaId]));
  else siblings.add(quotaId);
}

function part<T extends object>(table: readonly T[], given: number | object): T {
  return typeof given === 'number' ? named(table[given]) : (decode(given) as T);
}

function named<T>(value: T | undefined): T {
  if (value === undefined) throw new UnreadableState('it names a part that is not there');
  return value;
}

type Kept = Map<unknown, unknown> | Set<unknown>;

function fieldOf<K extends Kept>(
  state: StreamState,
  name: unknown,
  kind: abstract new (...given: never[]) => K,
): K {
  const field: unknown = (state as unknown as Record<string, unknown>)[String(name)];
  if (field instanceof kind) return field;
  throw new UnreadableState(`it has no such field as ${String(name)}`);
}
