import type { DataFile } from '../iceberg/dataFile.ts';

export interface CompactionRule {
  /** A day is left alone for this long after its end: most of what comes late has come by then. */
  readonly settleMs: number;
  /** Fewer small files of one day and bucket than this are not worth writing anew. */
  readonly filesMin: number;
  /** Of one compacted file, and of what is read at once: a file this large is left alone. */
  readonly bytesMax: number;
}

/** Files of one partition that become one. */
export interface CompactionGroup {
  /** The day first. */
  readonly partition: readonly number[];
  readonly files: readonly DataFile[];
}

const DAY_MS = 86_400_000;
/** Read in one query: its list of files is part of its text. */
const FILES_MAX = 500;

/** What is due among the live files, the oldest day first; the same files give the same groups. */
export function planCompaction(
  files: readonly DataFile[],
  nowMs: number,
  { settleMs, filesMin, bytesMax }: CompactionRule,
): CompactionGroup[] {
  const small = files
    .filter(({ bytes }) => bytes < bytesMax)
    .filter(({ partition }) => (dayOfFile(partition) + 1) * DAY_MS + settleMs <= nowMs);
  const byPartition = [...Map.groupBy(small, ({ partition }) => partition.join('/')).values()];
  return byPartition
    .flatMap((group) => groupsOf(group, bytesMax))
    .filter((group) => group.files.length >= filesMin)
    .sort(inOrder);
}

/** Filled up by name, so that what was written together stays together. */
function groupsOf(files: readonly DataFile[], bytesMax: number): CompactionGroup[] {
  const byName = [...files].sort((left, right) => (left.path < right.path ? -1 : 1));
  const groups: DataFile[][] = [];
  let bytes = Infinity;
  for (const file of byName) {
    const last = groups.at(-1);
    if (last === undefined || bytes + file.bytes > bytesMax || last.length >= FILES_MAX) {
      groups.push([file]);
      bytes = file.bytes;
    } else {
      last.push(file);
      bytes += file.bytes;
    }
  }
  return groups.map((group) => ({ partition: numbersOf(group[0]?.partition ?? []), files: group }));
}

function dayOfFile(partition: DataFile['partition']): number {
  return Number(partition[0] ?? 0);
}

function numbersOf(partition: DataFile['partition']): number[] {
  return partition.map((value) => Number(value ?? 0));
}

function inOrder(left: CompactionGroup, right: CompactionGroup): number {
  for (const [index, value] of left.partition.entries()) {
    const difference = value - (right.partition[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
