import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';
import { expect, it } from 'vitest';
import { inlineSchemas } from './inlineSchemas.ts';
import { hostSdk } from './publishedFiles.ts';

/** What a user's own bundler makes of a program that uses a few names. */
async function bundleOf(program: string) {
  const bundle = await rolldown({
    input: 'program',
    platform: 'node',
    plugins: [
      {
        name: 'program',
        resolveId: (id) => (id === 'program' ? path.join(hostSdk, 'src', 'program.js') : null),
        load: (id) => (id.endsWith('program.js') ? program : null),
      },
      inlineSchemas,
    ],
    external: (id) =>
      !id.startsWith('.') && !path.isAbsolute(id) && !/^(@prorata\/|program$)/.test(id),
    treeshake: { moduleSideEffects: false },
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false });
  await bundle.close();
  const [{ code, moduleIds, imports }] = output;
  const modules = moduleIds.map((id) => path.relative(hostSdk, id));
  return { modules, imports, bytes: code.length, zipped: gzipSync(code).length };
}

const overHttp = `export { startHost, httpRules, httpUsage } from './index.ts';`;

it('leaves out of a host over HTTP whatever it does not use: adapters, exporters, Kafka, the gate', async () => {
  const { modules, imports, bytes, zipped } = await bundleOf(overHttp);
  const unused =
    /adapters|metrics|http\/|kafkaRules|kafkaUsage|kafkajs|gradientLimit|nodeHealth|referenceLimiter/;
  expect(modules.filter((id) => unused.test(id))).toEqual([]);
  expect(imports.filter((id) => !id.startsWith('node:'))).toEqual(['eventsource-parser']);
  // 91 KB, 28 of them schemas, and 29 zipped, when it was first measured.
  expect(bytes).toBeLessThan(110_000);
  expect(zipped).toBeLessThan(36_000);
});

it('brings with an adapter that adapter alone', async () => {
  const { modules } = await bundleOf(
    `${overHttp} export { expressQuota } from './adapters/express.ts';`,
  );
  expect(modules.filter((id) => id.startsWith('src/adapters/')).sort()).toEqual([
    'src/adapters/express.ts',
    'src/adapters/passage.ts',
  ]);
});
