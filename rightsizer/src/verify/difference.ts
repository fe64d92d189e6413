/** How topic, table and ledger can differ: stable, for scripts and tests. */
export type DifferenceCode =
  /** The topic has usage that the table has not got, and that was not counted before. */
  | 'ROW_LOST'
  /** The table has a row twice. */
  | 'ROW_DOUBLED'
  /** A row says something else than the record that it was made from. */
  | 'ROW_CHANGED'
  /** The table has a row of no record. */
  | 'ROW_UNKNOWN'
  /** A record stands in the usage and in the quarantine. */
  | 'COUNTED_TWICE_OVER'
  /** A record is counted that must not be, or in neither place. */
  | 'QUARANTINE_LOST'
  /** The quarantine has another record there. */
  | 'QUARANTINE_CHANGED'
  /** Rows at or behind the position up to which the table says that it has the source. */
  | 'BEYOND_POSITION'
  /** The table says that it has more than the topic ever held. */
  | 'POSITION_AHEAD'
  /** One usage id was counted twice. */
  | 'ID_COUNTED_TWICE'
  /** A file that the table names is not there. */
  | 'FILE_MISSING'
  /** A file is not what its manifest says. */
  | 'FILE_CHANGED'
  /** The ledger is not usage times price. */
  | 'LEDGER_OFF';

export interface Difference {
  readonly code: DifferenceCode;
  /** `<topic>/<partition>`, `import/<id>/0`, a file, or the ledger's place. */
  readonly place: string;
  /** Of the record; null: it is not about one. */
  readonly offset: bigint | null;
  readonly detail: string;
}
