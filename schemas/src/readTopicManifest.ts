import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TopicManifest } from './manifest.ts';

/** By itself in a file for the same reason as `readSchemaFiles`. */
export function readTopicManifest(): TopicManifest {
  const path = join(import.meta.dirname, '..', 'topics.json');
  return JSON.parse(readFileSync(path, 'utf8')) as TopicManifest;
}
