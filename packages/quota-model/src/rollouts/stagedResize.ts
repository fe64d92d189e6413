/** Resizes that reach hosts in stages: which do, and which rollouts are of them. */
import type { ResizeStep, ResourceLimit, RobotRollout } from '@prorata/schemas';
import { isRobot } from '../authority/sender.ts';
import type { Sender } from '../authority/sender.ts';
import type { ApplicationState, QuotaState } from '../model.ts';
import type { RolloutState } from './rolloutState.ts';

/**
 * How a resize that applies itself reaches hosts; null: at once. A person's does, for who looks on needs no stages;
 * so does one of a limit that the whole fleet shares, which no stage could have another of, and one of a capacity,
 * which hosts do not count: no host's health would speak of it.
 */
export function stagingOf(
  { registration }: Pick<ApplicationState, 'registration'>,
  { content }: Pick<QuotaState, 'content'>,
  { resource }: Pick<ResourceLimit, 'resource'>,
  sender: Sender,
): RobotRollout | null {
  const isCounted = registration.resources.get(resource)?.kind !== 'capacity';
  const isShared = content.requests?.scope === 'fleet';
  return isRobot(sender) && isCounted && !isShared ? registration.robotRollout : null;
}

/** The resize that began the rollout; null: a person's command did. */
export function resizeOf({ steps }: Pick<RolloutState, 'steps'>): ResizeStep | null {
  return steps[0]?.resize ?? null;
}
