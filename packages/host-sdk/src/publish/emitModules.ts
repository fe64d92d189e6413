import path from 'node:path';
import { rolldown } from 'rolldown';
import { inlineSchemas } from './inlineSchemas.ts';
import { entries } from './publishedFiles.ts';

/** Modules are plain JavaScript, one a source: a bundler of whoever uses them drops what is not used. */
export async function emitModules(directory: string): Promise<void> {
  const bundle = await rolldown({
    input: Object.fromEntries(entries.map(({ name, source }) => [name, source])),
    platform: 'node',
    plugins: [inlineSchemas],
    external: (id) => !id.startsWith('.') && !path.isAbsolute(id) && !id.startsWith('@prorata/'),
    treeshake: { moduleSideEffects: false },
  });
  await bundle.write({
    dir: directory,
    format: 'esm',
    preserveModules: true,
    preserveModulesRoot: path.dirname(entries[0]?.source ?? ''),
    entryFileNames: '[name].js',
  });
  await bundle.close();
}
