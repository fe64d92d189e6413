/** Longest wait for the projector, milliseconds. */
const ASK_TIMEOUT_MS = 1_000;

export interface ProjectorAccess {
  /** null: there is none to ask. */
  readonly projectorUrl: string | null;
  /** The gateway's own token; null: it has none. */
  readonly token: () => Promise<string | null>;
}

/**
 * One GET in the gateway's own name.
 * @returns the JSON of a 200; null for 404
 * @throws Error when the projector did not answer, or not so
 */
export async function askProjector(
  { projectorUrl, token }: ProjectorAccess,
  path: string,
): Promise<unknown> {
  const bearer = await token();
  const response = await fetch(`${projectorUrl ?? ''}${path}`, {
    headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
    signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
  });
  if (response.ok) return response.json();
  await response.body?.cancel();
  if (response.status === 404) return null;
  throw new Error(`The projector answered ${response.status}.`);
}
