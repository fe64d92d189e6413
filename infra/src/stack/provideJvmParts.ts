import { provideJars } from '../provision/jars.ts';
import { silent } from '../provision/progress.ts';
import type { Progress } from '../provision/progress.ts';
import { classArchive } from './classArchives.ts';
import type { JvmParts } from './jvmParts.ts';
import { kafkaClassPath } from './kafka.ts';

/**
 * Java, the jars, and what earlier runs have left of their classes.
 * @throws MissingTool | ToolFailed
 */
export async function provideJvmParts(progress: Progress = silent): Promise<JvmParts> {
  const jars = await provideJars(progress);
  const { java, kafkaLibrary, registryJar } = jars;
  const classes = {
    kafka: await classArchive(jars, 'kafka', kafkaClassPath(kafkaLibrary)),
    registry: await classArchive(jars, 'registry', registryJar),
  };
  return { java: java.command, kafkaLibrary, registryJar, classes };
}
