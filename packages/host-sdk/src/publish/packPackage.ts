import { execFile } from 'node:child_process';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { emitModules } from './emitModules.ts';
import { emitTypes, typesOf } from './emitTypes.ts';
import { entries, hostSdk, manifestOf, workspaces } from './publishedFiles.ts';

/** Files that npm packs; npm adds package.json and README.md. */
const FILES = ['modules', 'types'];

/**
 * The package as it is published: Node runs no TypeScript below node_modules, so JavaScript and types
 * apart, with what other workspaces give it inside.
 * @returns the path of the tarball in `directory`
 */
export async function packPackage(directory: string): Promise<string> {
  const staging = path.join(directory, 'package');
  const types = path.join(staging, 'types');
  await mkdir(types, { recursive: true });
  await Promise.all([emitModules(path.join(staging, 'modules')), emitTypes(types)]);
  await rm(path.join(types, 'tsconfig.json'));
  await cp(path.join(hostSdk, 'README.md'), path.join(staging, 'README.md'));
  await writeFile(
    path.join(staging, 'package.json'),
    `${JSON.stringify(publishedManifest(), null, 2)}\n`,
  );
  const pack = ['pack', '--json', '--pack-destination', directory, staging];
  const { stdout } = await promisify(execFile)('npm', pack);
  const [packed] = JSON.parse(stdout) as { readonly filename: string }[];
  if (packed === undefined) throw new Error('npm packed nothing.');
  return path.join(directory, packed.filename);
}

function publishedManifest(): Record<string, unknown> {
  const { name, version, description, dependencies, peerDependencies } = manifestOf(hostSdk);
  const ofKafka = {
    ...manifestOf(workspaces['@prorata/kafka-port'] ?? '').dependencies,
    ...manifestOf(workspaces['@prorata/schemas'] ?? '').dependencies,
  };
  const peers = { ...peerDependencies, ...ofKafka };
  return {
    name,
    version,
    description,
    type: 'module',
    sideEffects: false,
    engines: { node: '>=24' },
    files: FILES,
    exports: Object.fromEntries(
      entries.map(({ subpath, name: module, source }) => [
        subpath,
        { types: `./types/${typesOf(source)}`, default: `./modules/${module}.js` },
      ]),
    ),
    dependencies: Object.fromEntries(
      Object.entries(dependencies).filter(([dependency]) => workspaces[dependency] === undefined),
    ),
    peerDependencies: peers,
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(peers).map((peer) => [peer, { optional: true }]),
    ),
  };
}
