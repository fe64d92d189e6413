/**
 * Every moment of a takeover and of a commit at which a process may die with something half done, in their
 * order. Tests end it at each: a hook that is not named here fails them, and so does a name without a hook.
 */
export const commitSteps = [
  /** The partition's epoch is raised. */
  'taken-over',
  /** The range's rows are in DuckDB's memory. */
  'usage-appended',
  /** They are whole files of this machine, under names of this process. */
  'usage-staged',
  /** They are durable objects that nothing names. */
  'usage-uploaded',
  'quarantine-appended',
  'quarantine-staged',
  'quarantine-uploaded',
  /** What cannot be counted is in its table; the range is not yet in its own. */
  'quarantine-committed',
  'commit-begins',
  'manifest-created',
  'manifest-list-created',
  'metadata-begins',
  /** The next version is there; this process does not know it yet. */
  'metadata-created',
  'committed',
] as const;

export type CommitStep = (typeof commitSteps)[number];

/** The same of the compactor, in the order of a pass. */
export const compactionSteps = [
  'compaction-metadata-begins',
  'compaction-metadata-created',
  /** Whoever compacted before is void. */
  'compaction-claimed',
  /** The rows of many files are one whole file of this machine. */
  'compaction-staged',
  /** It is a durable object that nothing names. */
  'compaction-uploaded',
  'compaction-commit-begins',
  'compaction-manifest-created',
  'compaction-manifest-list-created',
  'compaction-committed',
  /** A version was made that whoever is at a commit has to look at; nothing is gone yet. */
  'removal-begins',
  /** One of several files is gone. */
  'removal-removed',
] as const;

export type CompactionStep = (typeof compactionSteps)[number];
