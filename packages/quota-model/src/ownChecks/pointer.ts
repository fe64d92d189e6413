/** One segment of a JSON pointer (RFC 6901). */
export function pointerOf(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
