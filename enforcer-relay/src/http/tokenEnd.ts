/**
 * When the token of a request ends, milliseconds since the epoch; now when it does not say, so that
 * nothing outlives what cannot be read. Its signature was checked before: this only reads it.
 */
export function tokenEndMs(authorization: string | undefined): number {
  const payload = authorization?.split('.')[1] ?? '';
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const end = (claims as { exp?: unknown } | null)?.exp;
    return typeof end === 'number' ? end * 1000 : Date.now();
  } catch {
    return Date.now();
  }
}
