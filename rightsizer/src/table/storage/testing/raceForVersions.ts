import { createInterface } from 'node:readline';
import { FolderStorage } from '../folderStorage.ts';
import type { TableStorage } from '../tableStorage.ts';

/** One try of one committer for one version. */
export function tryVersion(storage: TableStorage, name: string, version: number): Promise<boolean> {
  return storage.create(`race/v${version}.json`, Buffer.from(`${name} made ${version}`));
}

/** As a process: `raceForVersions.ts <folder> <name>`. For each version it reads it says true or false. */
if (import.meta.main) {
  const [folder = '', name = ''] = process.argv.slice(2);
  const storage = await FolderStorage.open(folder);
  process.stdout.write('ready\n');
  for await (const version of createInterface(process.stdin)) {
    process.stdout.write(`${await tryVersion(storage, name, Number(version))}\n`);
  }
}
