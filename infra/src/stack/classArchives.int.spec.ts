import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { provideJars } from '../provision/jars.ts';
import type { Jars } from '../provision/jars.ts';
import { runTool } from '../provision/runTool.ts';
import { classArchive } from './classArchives.ts';
import { jvmFlags } from './jvmParts.ts';
import type { ClassArchive } from './jvmParts.ts';
import { kafkaClassPath } from './kafka.ts';

let jars: Jars;
let classPath = '';
beforeAll(async () => {
  const provided = await provideJars();
  jars = { ...provided, directory: await mkdtemp(path.join(os.tmpdir(), 'prorata-classes-')) };
  classPath = kafkaClassPath(jars.kafkaLibrary);
});
afterAll(() => rm(jars.directory, { recursive: true, force: true }));

/** A short program of Kafka's, which leaves what it has loaded, or maps it. */
function run(classes: ClassArchive, ...more: string[]): Promise<string> {
  const program = ['kafka.tools.StorageTool', 'random-uuid'];
  return runTool(jars.java.command, [...jvmFlags(classes), ...more, '-cp', classPath, ...program]);
}

const given = (of = jars): Promise<ClassArchive> => classArchive(of, 'kafka', classPath);

it('an archive of classes is recorded by one run and mapped by the next, unless it was cut off or another Java wrote it', async () => {
  const first = await given();
  if (!('recordTo' in first)) throw new Error('There is an archive before anything ran.');
  await run(first);
  // As of a run that was killed while it wrote.
  const [whole = ''] = await readdir(path.dirname(first.recordTo));
  const folder = path.dirname(first.recordTo);
  await rm(path.join(folder, whole));
  await appendFile(first.recordTo, Buffer.alloc(4_096));
  expect(await given()).toHaveProperty('recordTo');
  expect(await readdir(folder)).toEqual([]);

  const second = await given();
  if (!('recordTo' in second)) throw new Error('A part of an archive was taken for one.');
  await run(second);
  const third = await given();
  expect(third).toEqual({ file: path.join(folder, 'kafka.jsa') });
  expect(await run(third, '-Xlog:class+load')).toMatch(
    /apache\.kafka\.\S+ source: shared objects file \(top\)/,
  );

  const newer = { ...jars, java: { ...jars.java, version: 'another' } };
  expect(await given(newer)).toHaveProperty('recordTo');
  expect(await classArchive(jars, 'kafka', `${classPath}:elsewhere`)).toHaveProperty('recordTo');
}, 60_000);
