import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPlan, isPartName, logFileOf, partNames } from '@prorata/infra';
import type { PartName } from '@prorata/infra';
import { CommandError } from './commandError.ts';
import { answer } from './print.ts';
import { stackDirectory } from './stackDirectory.ts';

/** What is shown of each log's past, bytes: some hundred lines. */
const pastBytes = 32_000;
/** How often logs are looked at while following, milliseconds: quick for a person, idle for a machine. */
const lookEveryMs = 250;
/** What is read of a log at once, bytes: the rest comes with the next look. */
const readBytesMax = 1_000_000;

interface Place {
  readonly part: PartName;
  readonly file: string;
  offset: number;
  rest: string;
}

/** The whole lines that were added to a log since the last look. */
async function newLines(place: Place): Promise<string[]> {
  if (!existsSync(place.file)) return [];
  const handle = await open(place.file, 'r');
  try {
    const { size } = await handle.stat();
    if (size < place.offset) place.offset = 0;
    const buffer = Buffer.alloc(Math.min(size - place.offset, readBytesMax));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, place.offset);
    place.offset += bytesRead;
    const lines = (place.rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
    place.rest = lines.pop() ?? '';
    return lines;
  } finally {
    await handle.close();
  }
}

async function pastLines(place: Place): Promise<string[]> {
  if (!existsSync(place.file)) return [];
  const handle = await open(place.file, 'r');
  const { size } = await handle.stat();
  await handle.close();
  place.offset = Math.max(0, size - pastBytes);
  const cut = place.offset > 0;
  const lines = await newLines(place);
  return cut ? lines.slice(1) : lines;
}

function placesOf(part: string | undefined): Place[] {
  if (part !== undefined && !isPartName(part)) {
    throw new CommandError(`no part ${part}; there are ${partNames.join(', ')}`, 2);
  }
  const parts = part === undefined ? partNames : [part];
  const directory = stackDirectory();
  return parts.map((each) => ({
    part: each,
    file: logFileOf(directory, each),
    offset: 0,
    rest: '',
  }));
}

/** Prints the end of one part's log, or of all, and goes on with what is added when asked to. */
export async function logs(
  part: string | undefined,
  options: { readonly follow?: boolean },
): Promise<number> {
  const places = placesOf(part);
  if ((await findPlan(stackDirectory())) === undefined) {
    throw new CommandError('There is no stack yet: ./prorata up starts one.');
  }
  const print = (place: Place, lines: readonly string[]): void => {
    for (const line of lines) {
      answer(part === undefined ? `${place.part.padEnd(10)} ${line}` : line);
    }
  };
  for (const place of places) print(place, await pastLines(place));
  while (options.follow === true) {
    for (const place of places) print(place, await newLines(place));
    await sleep(lookEveryMs);
  }
  return 0;
}
