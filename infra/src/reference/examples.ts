import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { CommandMessage } from '@prorata/schemas';
import { checkoutDirectory } from '../checkout.ts';

export const referenceDirectory = path.join(checkoutDirectory, 'docs', 'reference');

/** The body of a `POST /v1/commands`, as a client writes it. */
export interface ExampleBody {
  readonly type: string;
  readonly stream: string;
  readonly reason: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Where an example stands, relative to docs/reference. */
export const exampleFile = (type: CommandMessage['type']): string => `examples/${type}.json`;

/** @throws when there is none: every command has an example */
export function readExample(type: CommandMessage['type']): {
  readonly text: string;
  readonly body: ExampleBody;
} {
  const text = readFileSync(path.join(referenceDirectory, exampleFile(type)), 'utf8');
  return { text, body: JSON.parse(text) as ExampleBody };
}
