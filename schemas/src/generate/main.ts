import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderTypes } from './renderTypes.ts';

const path = join(import.meta.dirname, '..', 'generated', 'messages.ts');
const text = renderTypes();
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    console.error('schemas/src/generated is out of date: run `npm run generate`.');
    process.exitCode = 1;
  }
} else {
  writeFileSync(path, text);
}
