/** Bytes that are not a Prorata record: not the wire format, an unknown schema, or a torn body. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
}

/** A value that its schema does not take: a fault of the program that encodes it. */
export class UnwritableRecord extends Error {
  override readonly name = 'UnwritableRecord';
  readonly paths: readonly string[];
  constructor(type: string, paths: readonly string[]) {
    super(`${type} does not fit its schema at ${paths.join(', ')}.`);
    this.paths = paths;
  }
}
