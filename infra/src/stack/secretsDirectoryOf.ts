import path from 'node:path';

/** Where the secrets of the stack in the folder lie. */
export function secretsDirectoryOf(directory: string): string {
  return path.join(directory, 'secrets');
}
