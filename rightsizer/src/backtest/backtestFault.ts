/** Why a backtest is not run: stable, for scripts and tests. */
export type BacktestFaultCode =
  /** The file has no such column; the message lists those that it has. */
  | 'COLUMN_UNKNOWN'
  /** The file cannot be opened, or is neither Parquet nor CSV nor NDJSON. */
  | 'FILE_UNREADABLE'
  /** What the time column holds is no time. */
  | 'TIME_UNREADABLE'
  /** What a column of amounts holds are no numbers. */
  | 'VALUE_UNREADABLE'
  /** Not one row has a time and an amount, or the table has nothing of the kind. */
  | 'NO_SERIES'
  /** No series goes on after the warm-up. */
  | 'TOO_SHORT'
  /** More than is held in memory at once: cut the file. */
  | 'TOO_MANY_SERIES'
  | 'TOO_MANY_WINDOWS'
  /** There is no policy of that name. */
  | 'POLICY_UNKNOWN';

export class BacktestFault extends Error {
  override readonly name = 'BacktestFault';
  readonly code: BacktestFaultCode;
  constructor(code: BacktestFaultCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
