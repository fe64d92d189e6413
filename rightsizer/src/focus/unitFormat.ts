/** Names of units as FOCUS writes them (attribute Unit Format): `Tokens`, `vCPU-Hours`, `1000000 Tokens`. */

const sizes: ReadonlySet<string> = new Set(
  ['b', 'B'].flatMap((unit) => [
    unit,
    ...['K', 'M', 'G', 'T', 'P', 'E'].flatMap((prefix) => [
      `${prefix}${unit}`,
      `${prefix}i${unit}`,
    ]),
  ]),
);
const spelledSizes: Readonly<Record<string, string>> = { bit: 'b', byte: 'B' };
const COMPOUND = /^(.+)-(year|month|day|hour|minute|second)s?$/i;

/**
 * @param name as people have named it: `token`, `milli-vcore-second`, `vCPU-hour`, `GB-hours`
 * @param quantity how many of it are one; 1: itself
 */
export function focusUnit(name: string, quantity = 1n): string {
  const [, first = '', time = ''] = COMPOUND.exec(name) ?? [];
  const unit =
    time === '' ? plural(singular(name)) : `${singular(first)}-${capital(time.toLowerCase())}s`;
  return quantity === 1n ? unit : `${quantity} ${unit}`;
}

/** Words with a capital each; what has no letter to write so stays as it is. */
function singular(name: string): string {
  if (sizes.has(name)) return name;
  const spelled = spelledSizes[name.toLowerCase().replace(/s$/, '')];
  if (spelled !== undefined) return spelled;
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return words.length === 0 ? name : words.map(capital).join(' ');
}

function plural(name: string): string {
  return !sizes.has(name) && /[A-Za-rt-z0-9]$/.test(name) ? `${name}s` : name;
}

/** `vCPU` has one already. */
function capital(word: string): string {
  return /[A-Z]/.test(word) ? word : `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
