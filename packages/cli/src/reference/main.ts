import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkoutDirectory } from '@prorata/infra';
import { format, resolveConfig } from 'prettier';
import { fileSchema } from '../file/fileSchema.ts';
import { createProgram } from '../program.ts';
import { renderCli } from './renderCli.ts';

const directory = path.join(checkoutDirectory, 'docs', 'reference');
const pages: Readonly<Record<string, () => string>> = {
  'cli.md': () => renderCli(createProgram(() => undefined)),
  'quotas-file.schema.json': () => JSON.stringify(fileSchema()),
};
for (const [name, render] of Object.entries(pages)) {
  const file = path.join(directory, name);
  const text = name.endsWith('.json') ? await formatted(file, render()) : render();
  if (!process.argv.includes('--check')) {
    await writeFile(file, text);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`docs/reference/${name} is out of date: run \`npm run generate\`.`);
    process.exitCode = 1;
  }
}

/** As the check of formats wants it. */
async function formatted(file: string, text: string): Promise<string> {
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}
