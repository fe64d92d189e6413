import path from 'node:path';
import { dataDirectory } from '@prorata/infra/checkout';

/** Where the stack of `up` lives. A test names another folder, so as to leave a person's stack alone. */
export function stackDirectory(): string {
  return process.env['PRORATA_STACK_DIRECTORY'] ?? path.join(dataDirectory, 'stack');
}
