const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** What to type, in the words of a refusal. */
export const LENGTH_FORMS = '90m, 2h or 3d (s, m, h or d)';

/** `90s`, `10m`, `2h`, `3d` in milliseconds; null for another form. */
export function lengthMs(text: string): number | null {
  const [, count, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  return count === undefined ? null : Number(count) * (UNIT_MS[unit] ?? 0);
}

const MICROS_PER_MS = 1_000;

/** As `lengthMs`, in microseconds. */
export function microsOf(text: string): number | null {
  const ms = lengthMs(text);
  return ms === null ? null : ms * MICROS_PER_MS;
}
