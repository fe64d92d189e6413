/** Why a query is not answered: stable, for scripts and tests. */
export type QueryFaultCode =
  /** It is not one SELECT. */
  | 'NOT_A_SELECT'
  /** It names what is no table of usage: a file, a function that reads files. */
  | 'NOT_A_TABLE'
  /** It took longer than it may. */
  | 'TIME_LIMIT'
  /** DuckDB does not understand it, or it needs more memory or disk than there is. */
  | 'QUERY_FAILED';

export class QueryFault extends Error {
  override readonly name = 'QueryFault';
  readonly code: QueryFaultCode;
  constructor(code: QueryFaultCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
