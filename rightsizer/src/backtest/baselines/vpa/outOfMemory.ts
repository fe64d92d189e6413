const BUMP_RATIO = 1.2;
const BUMP_MIN_BYTES = 100 * 1_024 * 1_024;

/**
 * The memory that a container which was killed is taken to have needed, bytes. The peak of the kill itself is no part
 * of it: a bump that counted its own outcome would feed itself.
 */
export function memoryAfterKill(request: number, peak: number): number {
  const used = Math.max(request, peak);
  return Math.max(used + BUMP_MIN_BYTES, used * BUMP_RATIO);
}
