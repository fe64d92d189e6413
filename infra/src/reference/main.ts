import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { referenceDirectory } from './examples.ts';
import { renderAccess } from './renderAccess.ts';
import { renderCommands } from './renderCommands.ts';
import { renderOutcomeCodes } from './renderOutcomeCodes.ts';
import { renderTopics } from './renderTopics.ts';
import { renderViews } from './renderViews.ts';

const pages: Readonly<Record<string, () => string>> = {
  'access.md': renderAccess,
  'commands.md': renderCommands,
  'outcome-codes.md': renderOutcomeCodes,
  'topics.md': renderTopics,
  'views.md': renderViews,
};
for (const [name, render] of Object.entries(pages)) {
  const file = path.join(referenceDirectory, name);
  const text = render();
  if (!process.argv.includes('--check')) {
    await writeFile(file, text);
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`docs/reference/${name} is out of date: run \`npm run generate\`.`);
    process.exitCode = 1;
  }
}
