import { glob, readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkoutDirectory } from '../checkout.ts';
import { findBrokenLinks } from './findBrokenLinks.ts';

let pages = 0;
const isSkipped = (name: string): boolean => name === 'node_modules' || name.startsWith('.');
for await (const page of glob('**/*.md', { cwd: checkoutDirectory, exclude: isSkipped })) {
  const file = path.join(checkoutDirectory, page);
  pages += 1;
  for (const { target, line } of findBrokenLinks(
    await readFile(file, 'utf8'),
    path.dirname(file),
  )) {
    console.error(`${page}:${line}: there is no ${target}`);
    process.exitCode = 1;
  }
}
if (pages === 0) {
  console.error('No page was found: the check looks in the wrong place.');
  process.exitCode = 1;
}
