import { text } from 'node:stream/consumers';
import { FolderStorage } from '../folderStorage.ts';
import type { TableStorage } from '../tableStorage.ts';

/** As a committer does: it tries the version after the newest, again and again. @returns what it won */
export async function raceForVersions(
  storage: TableStorage,
  name: string,
  versions: number,
): Promise<number[]> {
  const won: number[] = [];
  for (let version = 1; version <= versions;) {
    const wins = await storage.create(keyOf(version), Buffer.from(`${name} made ${version}`));
    if (wins) won.push(version);
    do version += 1;
    while (!wins && (await storage.read(keyOf(version))) !== null);
  }
  return won;
}

const keyOf = (version: number): string => `race/v${version}.json`;

/**
 * As a process: `raceForVersions.ts <folder> <name> <versions>`. It says `ready`, waits until its
 * standard input ends, so that both begin together, and prints what it won as JSON.
 */
if (import.meta.main) {
  const [folder = '', name = '', versions = ''] = process.argv.slice(2);
  const storage = await FolderStorage.open(folder);
  process.stdout.write('ready\n');
  await text(process.stdin);
  process.stdout.write(JSON.stringify(await raceForVersions(storage, name, Number(versions))));
}
