import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Format } from './dispatcher.ts';
import { registerFormat } from './formats.ts';

/** What a module of the operator's brings: `export default { name, render, check, held }`. */
export interface NamedFormat extends Format {
  readonly name: string;
}

/** A module in the operator's folder is no format. */
export class FormatUnusable extends Error {
  override readonly name = 'FormatUnusable';
}

/**
 * Takes every module (`*.js`, `*.mjs`, `*.ts`) of the operator's folder as a format, before anything is dispatched:
 * a relay that lacks one would refuse targets that another writes.
 * @throws FormatUnusable, naming the file
 */
export async function loadFormats(directory: string): Promise<readonly string[]> {
  const files = (await readdir(directory)).filter((name) => /\.(js|mjs|ts)$/.test(name)).sort();
  const names: string[] = [];
  for (const file of files) {
    const url = pathToFileURL(path.resolve(directory, file)).href;
    const module = (await import(url)) as { readonly default?: unknown };
    if (!isNamedFormat(module.default)) {
      throw new FormatUnusable(`${file} exports no format as its default.`);
    }
    registerFormat(module.default.name, module.default);
    names.push(module.default.name);
  }
  return names;
}

function isNamedFormat(value: unknown): value is NamedFormat {
  if (typeof value !== 'object' || value === null) return false;
  const { name, render, check, held } = value as Partial<Record<keyof NamedFormat, unknown>>;
  return (
    typeof name === 'string' && [render, check, held].every((each) => typeof each === 'function')
  );
}
