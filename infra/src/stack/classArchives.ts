import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Jars } from '../provision/jars.ts';
import { runTool } from '../provision/runTool.ts';
import { quickJvm } from './jvmParts.ts';
import type { ClassArchive } from './jvmParts.ts';

/**
 * A part's archive of classes: the whole one, if a run has left one, or else where the next run is to leave it. An archive
 * belongs to one build of Java and to a class path, where that stood: a checkout that was moved records anew.
 */
export async function classArchive(
  { directory, java }: Jars,
  part: string,
  classPath: string,
): Promise<ClassArchive> {
  const use = createHash('sha256').update(`${java.version}\n${classPath}`).digest('hex');
  const folder = path.join(directory, `classes-${use.slice(0, 16)}`);
  const file = path.join(folder, `${part}.jsa`);
  if (existsSync(file)) return { file };
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${part}.jsa.`)) continue;
    const left = path.join(folder, name);
    if (!existsSync(file) && (await isWhole(java.command, left, classPath)))
      await rename(left, file).catch(() => undefined);
    else await rm(left, { force: true });
  }
  return existsSync(file) ? { file } : { recordTo: `${file}.${randomUUID()}` };
}

/** One whose writer was cut off maps nothing: with `on` a JVM ends that cannot use what it is given. */
async function isWhole(java: string, file: string, classPath: string): Promise<boolean> {
  const flags = [...quickJvm, `-XX:SharedArchiveFile=${file}`, '-Xshare:on', '-cp', classPath];
  return runTool(java, [...flags, '-version']).then(
    () => true,
    () => false,
  );
}
