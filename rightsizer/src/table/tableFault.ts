/** Why the usage table refuses: stable, for logs, metrics and tests. */
export type TableFaultCode =
  /** Another writer has taken the partition over; what this one holds is void. */
  | 'WRITER_STALE'
  /** The range starts after the partition's next offset: records would be missing. */
  | 'OFFSET_GAP'
  /** The range starts before the partition's next offset: records would count twice. */
  | 'OFFSET_OVERLAP'
  /** The log no longer holds records that the table has not got: a person has to decide. */
  | 'RECORDS_LOST'
  /** The topic is not the one that the table was filled from: deleted and made anew. */
  | 'TOPIC_CHANGED'
  /** The topic's partition count is not the one that the table was made with. */
  | 'PARTITIONS_CHANGED'
  /** Metadata or a manifest that cannot be read or contradicts itself. */
  | 'METADATA_BROKEN'
  /** The folder holds a table of the form before Iceberg. */
  | 'TABLE_FORMAT_OLD'
  /** The snapshot asked for is no longer kept. */
  | 'SNAPSHOT_EXPIRED'
  /** Files that were to be replaced have been replaced by somebody else. */
  | 'FILES_REPLACED'
  /** Others committed so often that this commit never found its turn. */
  | 'COMMIT_CONTENDED'
  /** The storage does not answer, or answers with a fault of its own: the same may work later. */
  | 'STORAGE_UNAVAILABLE'
  /** The storage turns us away until somebody changes a setting: credentials, bucket, region, permissions. */
  | 'STORAGE_REFUSED'
  /** The storage writes over what is there although told not to: two writers would both win a version. */
  | 'STORAGE_NOT_CONDITIONAL'
  /** A file that the table names is gone. */
  | 'FILE_MISSING'
  /** What is to be read at once does not fit into the cache of objects. */
  | 'CACHE_TOO_SMALL';

export class TableFault extends Error {
  override readonly name = 'TableFault';
  readonly code: TableFaultCode;
  constructor(code: TableFaultCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}
