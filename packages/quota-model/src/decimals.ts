/** Exact decimals as text, and as whole numbers of their last place. */

const DECIMAL = /^-?(0|[1-9]\d{0,25})(\.\d{1,12})?$/;

/** At most 26 digits before the point and 12 after it: DECIMAL(38,12). */
export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

export function isNegative(text: string): boolean {
  return text.startsWith('-') && !isZero(text);
}

export function isZero(text: string): boolean {
  return /^-?0(\.0+)?$/.test(text);
}

/** `1.50` and `1.5` are one amount of money. */
export function sameDecimal(a: string, b: string): boolean {
  return shortest(a) === shortest(b);
}

function shortest(text: string): string {
  if (isZero(text)) return '0';
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** Places after the point: a pico is the smallest amount of money that is told apart. */
const PLACES = 12;
const PICOS = 10n ** BigInt(PLACES);

/** The decimal in picos. @throws SyntaxError when it is none: check by `isDecimal` first. */
export function picosOf(decimal: string): bigint {
  const [whole = '', part = ''] = decimal.replace('-', '').split('.');
  const picos = BigInt(whole) * PICOS + BigInt(part.padEnd(PLACES, '0'));
  return decimal.startsWith('-') ? -picos : picos;
}

/** Picos as the shortest decimal. */
export function decimalOf(picos: bigint): string {
  const size = picos < 0n ? -picos : picos;
  const part = (size % PICOS).toString().padStart(PLACES, '0').replace(/0+$/, '');
  return `${picos < 0n ? '-' : ''}${size / PICOS}${part === '' ? '' : `.${part}`}`;
}
