import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Named {
  readonly namespace: string;
  readonly name: string;
}

const directory = join(import.meta.dirname, '..', 'avro');

/**
 * Every .avsc by full name. By itself in a file: a package that is published has no such folder, and
 * says here what it would have read.
 */
export function readSchemaFiles(): Map<string, unknown> {
  const schemas = new Map<string, unknown>();
  for (const folder of readdirSync(directory).sort()) {
    for (const file of readdirSync(join(directory, folder)).sort()) {
      if (!file.endsWith('.avsc')) continue;
      const path = join(directory, folder, file);
      const schema = JSON.parse(readFileSync(path, 'utf8')) as Named;
      if (`${schema.namespace}.${schema.name}` !== `io.prorata.${folder}.${file.slice(0, -5)}`) {
        throw new Error(`${folder}/${file} declares ${schema.namespace}.${schema.name}.`);
      }
      schemas.set(`${schema.namespace}.${schema.name}`, schema);
    }
  }
  return schemas;
}
