/** What the local JVM parts are started with. */
export interface JvmParts {
  /** The command. */
  readonly java: string;
  /** The folder of Kafka's jars. */
  readonly kafkaLibrary: string;
  /** The registry's runnable jar, with its libraries in the folder beside it. */
  readonly registryJar: string;
  readonly classes: { readonly kafka: ClassArchive; readonly registry: ClassArchive };
}

/** The classes of a part as an earlier run of it left them, to be mapped; or where this run is to leave them as it ends. */
export type ClassArchive = { readonly file: string } | { readonly recordTo: string };

/**
 * The flags of a part's JVM. Start-up counts more than peak speed on one machine: only the quick compiler, the small
 * collector; and to read, check and link ten thousand classes is half of what a start takes of the processor.
 */
export function jvmFlags(classes: ClassArchive): readonly string[] {
  const archive =
    'file' in classes
      ? `-XX:SharedArchiveFile=${classes.file}`
      : `-XX:ArchiveClassesAtExit=${classes.recordTo}`;
  return [...quickJvm, archive];
}

export const quickJvm: readonly string[] = [
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
  '-Djava.awt.headless=true',
];

/** To write an archive takes some 3 s on a quiet machine; one that is cut off is left out, and recorded another time. */
const recordingMs = 20_000;

/** How long a part may take to end, milliseconds. */
export const graceMsOf = (classes: ClassArchive, graceMs: number): number =>
  'file' in classes ? graceMs : graceMs + recordingMs;
