import { setTimeout as sleep } from 'node:timers/promises';
import type { Progress } from '../provision/progress.ts';
import type { ChaosStack } from './chaosStack.ts';
import type { SupervisedPart } from './supervisedPart.ts';

/** Between two blows, milliseconds: some fall while the last has not healed. */
const PAUSE_MS_MIN = 2_000;
const PAUSE_MS_MAX = 6_000;
/** How long a killed part stays away, milliseconds. */
const DOWN_MS_MAX = 4_000;
/** Frozen for so long, milliseconds: past the writers' session of 6 s, or not. */
const FREEZE_MS_MIN = 1_000;
const FREEZE_MS_MAX = 14_000;

export interface Blows {
  readonly stack: ChaosStack;
  readonly random: () => number;
  /** Which broker leads the partition of the events that a blow falls on. */
  readonly leader: () => Promise<SupervisedPart | undefined>;
  readonly tell: Progress;
}

/** One blow after another until told to end. @returns how many, when everything frozen is thawed */
export async function strikeUntil(blows: Blows, done: () => boolean): Promise<number> {
  const thawing = new Set<Promise<void>>();
  let count = 0;
  while (!done()) {
    await sleep(PAUSE_MS_MIN + blows.random() * (PAUSE_MS_MAX - PAUSE_MS_MIN));
    if (done()) break;
    const { thawed } = await strike(blows);
    thawing.add(thawed);
    count++;
  }
  await Promise.all(thawing);
  return count;
}

/** Without a part to fall on (all are down already) the blow is none. */
async function strike(blows: Blows): Promise<{ readonly thawed: Promise<void> }> {
  const { stack, random } = blows;
  const dice = random();
  if (dice < 0.28) return kill(blows, pick(random, stack.writers));
  if (dice < 0.48) return freeze(blows, pick(random, stack.writers));
  if (dice < 0.58) return kill(blows, pick(random, stack.gateways));
  if (dice < 0.68) return freeze(blows, pick(random, stack.gateways));
  if (dice < 0.85) return kill(blows, await leaderToStrike(blows));
  return kill(blows, pick(random, stack.others));
}

/** None while another broker is down: of three, two must be there for anything to be acknowledged. */
async function leaderToStrike({ stack, leader }: Blows): Promise<SupervisedPart | undefined> {
  if (!stack.brokers.every(({ isUp }) => isUp)) return undefined;
  return leader();
}

function kill(
  { random, tell }: Blows,
  part: SupervisedPart | undefined,
): { readonly thawed: Promise<void> } {
  if (part !== undefined) {
    tell(`${part.name} is killed`);
    part.kill(random() * DOWN_MS_MAX);
  }
  return { thawed: Promise.resolve() };
}

function freeze(
  { random, tell }: Blows,
  part: SupervisedPart | undefined,
): { readonly thawed: Promise<void> } {
  if (part === undefined) return { thawed: Promise.resolve() };
  const milliseconds = FREEZE_MS_MIN + random() * (FREEZE_MS_MAX - FREEZE_MS_MIN);
  tell(`${part.name} is frozen for ${(milliseconds / 1_000).toFixed(1)} s`);
  return { thawed: part.freeze(milliseconds) };
}

function pick(random: () => number, parts: readonly SupervisedPart[]): SupervisedPart | undefined {
  const up = parts.filter(({ isUp }) => isUp);
  return up[Math.floor(random() * up.length)];
}
