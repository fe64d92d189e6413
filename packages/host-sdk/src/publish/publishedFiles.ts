import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The repository. */
export const root = path.join(import.meta.dirname, '..', '..', '..', '..');
export const hostSdk = path.join(root, 'packages', 'host-sdk');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

export const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;

/** What the package is entered by: the names of its exports and their sources. */
export const entries: readonly {
  readonly subpath: string;
  readonly name: string;
  readonly source: string;
}[] = Object.entries(manifestOf(hostSdk).exports).map(([subpath, source]) => ({
  subpath,
  name: subpath === '.' ? 'index' : subpath.slice(2),
  source: path.join(hostSdk, source),
}));

/** Workspaces whose code becomes part of the package. */
export const workspaces: Readonly<Record<string, string>> = {
  '@prorata/host-sdk': hostSdk,
  '@prorata/kafka-port': path.join(root, 'packages', 'kafka-port'),
  '@prorata/quota-model': path.join(root, 'packages', 'quota-model'),
  '@prorata/schemas': path.join(root, 'schemas'),
};
