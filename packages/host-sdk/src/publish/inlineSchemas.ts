import type { NamedSchema } from '@prorata/schemas';
import { namedSchemas, topicManifest } from '@prorata/schemas';
import type { Plugin } from 'rolldown';

/** Folders of messages that hosts read and write. */
const FOLDERS = ['lease', 'report', 'rule', 'usage'];
const NAME = /"(io\.prorata\.[A-Za-z.]+)"/g;

/** The two modules that read files say in the package what they would have read, as far as hosts need it. */
export const inlineSchemas: Plugin = {
  name: 'inline-schemas',
  load(id) {
    if (id.endsWith('/readSchemaFiles.ts')) {
      const schemas = JSON.stringify([...neededSchemas()].sort(([a], [b]) => (a < b ? -1 : 1)));
      return `export const readSchemaFiles = () => new Map(${schemas});`;
    }
    if (id.endsWith('/readTopicManifest.ts')) {
      return `export const readTopicManifest = () => (${JSON.stringify(topicManifest)});`;
    }
    return null;
  },
};

/** Those of the folders, and all that they mention. */
function neededSchemas(): Map<string, NamedSchema> {
  const needed = new Map<string, NamedSchema>();
  const need = (name: string): void => {
    const schema = namedSchemas.get(name);
    if (schema === undefined || needed.has(name)) return;
    needed.set(name, schema);
    for (const [, mentioned = ''] of JSON.stringify(schema).matchAll(NAME)) need(mentioned);
  };
  for (const name of namedSchemas.keys()) {
    if (FOLDERS.some((folder) => name.startsWith(`io.prorata.${folder}.`))) need(name);
  }
  return needed;
}
