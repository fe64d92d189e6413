/** Why an import is not begun, or not gone on with: stable, for scripts and tests. */
export type SourceFaultCode =
  /** The mapping says what no line could mean, or names columns that the file has not got. */
  | 'MAPPING_WRONG'
  /** The file cannot be opened, or is none of the formats. */
  | 'FILE_UNREADABLE'
  /** More bytes, lines or rows than one import may have: cut the file, and bring the parts. */
  | 'FILE_TOO_LARGE'
  /** Not one line could be counted. */
  | 'NOTHING_COUNTED'
  /** So many lines cannot be counted that the mapping must be wrong. */
  | 'REJECTED_TOO_MANY';

export class SourceFault extends Error {
  override readonly name = 'SourceFault';
  readonly code: SourceFaultCode;
  constructor(code: SourceFaultCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
