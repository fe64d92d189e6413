import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { entries, manifestOf, root, workspaces } from './publishedFiles.ts';

const compiler = createRequire(import.meta.url).resolve('typescript/lib/tsc.js');

/** Where the types of a source are, from the folder of all. */
export const typesOf = (source: string): string =>
  path.relative(root, source).replace(/\.ts$/, '.d.ts');

/** Types of all that the entries mention, in the folders of the repository. */
export async function emitTypes(directory: string): Promise<void> {
  const settings = path.join(directory, 'tsconfig.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: root,
    outDir: directory,
    typeRoots: [path.join(root, 'node_modules', '@types')],
  };
  const files = entries.map(({ source }) => source);
  const text = { extends: path.join(root, 'tsconfig.base.json'), compilerOptions, files };
  await writeFile(settings, JSON.stringify(text));
  await promisify(execFile)(process.execPath, [compiler, '-p', settings]);
  for (const name of await readdir(directory, { recursive: true })) {
    if (name.endsWith('.d.ts')) await makeRelative(directory, name);
  }
}

/** Other workspaces are part of the package, and its files end in .js. */
async function makeRelative(directory: string, name: string): Promise<void> {
  const file = path.join(directory, name);
  const text = await readFile(file, 'utf8');
  const rewritten = text.replaceAll(
    /((?:from|import)\s*\(?\s*)'([^']+)'/g,
    (_whole, keyword: string, specifier: string) =>
      `${keyword}'${relativeTo(name, specifier).replace(/\.ts$/, '.js')}'`,
  );
  await writeFile(file, rewritten);
}

function relativeTo(name: string, specifier: string): string {
  const [scope = '', workspace = '', ...rest] = specifier.split('/');
  const folder = workspaces[`${scope}/${workspace}`];
  if (folder === undefined) return specifier;
  const source = manifestOf(folder).exports[['.', ...rest].join('/')];
  if (source === undefined) throw new Error(`${specifier} is no export.`);
  const target = path.relative(path.dirname(name), path.relative(root, path.join(folder, source)));
  return target.startsWith('.') ? target : `./${target}`;
}
