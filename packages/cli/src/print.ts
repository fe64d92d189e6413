/** Answers go to stdout, where scripts read them. */
export function answer(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Progress and complaints go to stderr, so that an answer can be piped. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** An address without the password in it, for a screen that others may see; `--json` has it whole. */
export function withoutPassword(address: string): string {
  return address.replace(/(:\/\/[^:@/]+):[^@/]+@/, '$1:…@');
}
