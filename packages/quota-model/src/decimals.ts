/** Exact decimals as text, as far as the model needs them: form, sign and equality, no arithmetic. */

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
