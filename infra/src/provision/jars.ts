import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { checkoutDirectory, dataDirectory } from '../checkout.ts';
import { provideJava } from './java.ts';
import type { Java } from './java.ts';
import { silent, withProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { ToolFailed, runTool } from './runTool.ts';

/** What the local JVM parts run on. */
export interface Jars {
  readonly java: Java;
  /** The folder of Kafka's jars. */
  readonly kafkaLibrary: string;
  /** The registry's runnable jar, with its libraries in the folder beside it. */
  readonly registryJar: string;
  /** What was made of these jars is kept here, and goes with them. */
  readonly directory: string;
}

const pom = path.join(checkoutDirectory, 'infra/pom.xml');
/** One jar per part, as the sign that the part is there. */
const mainJars = {
  'kafka/lib': 'kafka_2.13-4.1.1.jar',
  registry: 'apicurio-registry-app-3.0.9-runner.jar',
};
/** After this a staging folder belongs to a run that was ended, milliseconds: no download takes an hour. */
const stagingStaleMs = 3_600_000;

async function removeStaleStaging(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith('staging-')) continue;
    const staging = path.join(directory, name);
    const { mtimeMs } = await stat(staging);
    if (Date.now() - mtimeMs > stagingStaleMs) await rm(staging, { recursive: true, force: true });
  }
}

/** Maven can end well without having unpacked anything; a folder like that must never be trusted. */
function assertComplete(staging: string): void {
  for (const [directory, jar] of Object.entries(mainJars)) {
    if (existsSync(path.join(staging, directory, jar))) continue;
    throw new ToolFailed('mvn package', `it left no ${jar}`, `looked in ${staging}`);
  }
}

/**
 * Resolves into a staging folder and renames it when all is there: a folder that carries the hash
 * is complete, whatever interrupted an earlier run.
 */
async function resolveJars(directory: string, target: string, progress: Progress): Promise<void> {
  await mkdir(directory, { recursive: true });
  await removeStaleStaging(directory);
  const staging = path.join(directory, `staging-${String(process.pid)}-${String(Date.now())}`);
  try {
    await withProgress(progress, 'downloading Kafka and the schema registry (about 160 MB)', () =>
      runTool('mvn', ['-B', '-q', '-f', pom, 'package', `-DstageDirectory=${staging}`]),
    );
    assertComplete(staging);
    await rename(staging, target);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Another run was faster: its folder is as good.
    if (!existsSync(target)) throw error;
  }
}

/**
 * Makes sure that Java and the jars are there; asks for Maven only when there is something to
 * download. What was resolved is trusted until the pom changes.
 * @throws MissingTool | ToolFailed
 */
export async function provideJars(progress: Progress = silent): Promise<Jars> {
  const directory = path.join(dataDirectory, 'jars');
  const hash = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 16);
  const target = path.join(directory, hash);
  const missing = !existsSync(target);
  const java = await provideJava(missing, progress);
  if (missing) await resolveJars(directory, target, progress);
  return {
    java,
    directory: target,
    kafkaLibrary: path.join(target, 'kafka/lib'),
    registryJar: path.join(target, 'registry', mainJars.registry),
  };
}
