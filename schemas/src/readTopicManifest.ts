import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** By itself in a file for the same reason as `readSchemaFiles`. */
export function readTopicManifest(): unknown {
  const path = join(import.meta.dirname, '..', 'topics.json');
  return JSON.parse(readFileSync(path, 'utf8')) as unknown;
}
