/** Longest wait for the projector, milliseconds. */
const ASK_TIMEOUT_MS = 1_000;
/** A projector that did not answer is left alone for so long, twice that each time, milliseconds. */
const AWAY_MS = 2_000;
/** And at most for so long: after an outage commands wait no longer to be checked again. */
const AWAY_MS_MAX = 15_000;

export interface ProjectorAccess {
  /** null: there is none to ask. */
  readonly projectorUrl: string | null;
  /** The gateway's own token; null: it has none. */
  readonly token: () => Promise<string | null>;
  readonly nowMs?: () => number;
}

/**
 * One GET in the gateway's own name.
 * @returns the JSON of a 200; null for 404
 * @throws ProjectorAway at once while it is left alone; Error when it did not answer, or not so
 */
export type AskProjector = (path: string) => Promise<unknown>;

/** Nobody was asked: it did not answer a moment ago. */
export class ProjectorAway extends Error {
  override readonly name = 'ProjectorAway';
}

/** Answers of who stands in front of a projector, or of one that cannot answer anybody yet. */
const awayStatuses = new Set([502, 503, 504]);

/**
 * Asks one projector. While it is away nobody waits for it and nothing is read for it, but for one question
 * after each pause: ten thousand applications would otherwise each ask for themselves.
 * @returns null when there is none to ask
 */
export function projectorAsker({
  projectorUrl,
  token,
  nowMs = () => performance.now(),
}: ProjectorAccess): AskProjector | null {
  if (projectorUrl === null) return null;
  let awayMs = 0;
  let awayUntilMs = 0;
  const isAway = (): void => {
    awayMs = Math.min(awayMs === 0 ? AWAY_MS : awayMs * 2, AWAY_MS_MAX);
    awayUntilMs = nowMs() + awayMs;
  };
  return async (path) => {
    if (nowMs() < awayUntilMs)
      throw new ProjectorAway('The projector did not answer a moment ago.');
    // Others are told of it meanwhile: one question finds out.
    if (awayMs > 0) awayUntilMs = nowMs() + AWAY_MS;
    const bearer = await token();
    const response = await fetch(`${projectorUrl}${path}`, {
      headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    }).catch((error: unknown) => {
      isAway();
      throw error;
    });
    if (awayStatuses.has(response.status)) isAway();
    else awayMs = awayUntilMs = 0;
    if (response.ok) return response.json();
    await response.body?.cancel();
    if (response.status === 404) return null;
    throw new Error(`The projector answered ${response.status}.`);
  };
}
