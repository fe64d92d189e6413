import path from 'node:path';
import process from 'node:process';
import { packPackage } from './packPackage.ts';

/** Packs the package into the folder that is named: `node src/publish/main.ts DIRECTORY`. */
const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('Which folder is the package to be packed into?');
process.stdout.write(`${await packPackage(path.resolve(directory))}\n`);
