import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import type { SchemaIds } from './codec.ts';
import { UnreadableRecord } from './recordErrors.ts';

/** A registry lookup that has no answer by then is a fault of the registry, not of the record. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Registries differ in how they say it of an id that is absent, or too large to be one. */
const NO_SUCH_ID: ReadonlySet<number> = new Set([400, 404, 422]);

/** With the first question: whoever only reads JSON by the schemas, as a command line does, needs no client. */
async function load(url: string) {
  const { SchemaRegistry, SchemaType } = await import('@kafkajs/confluent-schema-registry');
  const registry: SchemaRegistry = new SchemaRegistry({
    host: url,
    retry: { retries: 5, initialRetryTimeInSecs: 0.1, maxRetryTimeInSecs: 2 },
  });
  return { registry, avro: SchemaType.AVRO } as const;
}

/** Ids and schemas from a Confluent-compatible registry; nothing is ever registered through it. */
export function registryIds(url: string): SchemaIds {
  let loaded: ReturnType<typeof load> | null = null;
  return {
    async idOf(subject, schema) {
      loaded ??= load(url);
      const { registry, avro } = await loaded;
      return registry.getRegistryIdBySchema(subject, { type: avro, schema });
    },
    async schemaOf(id) {
      const response = await fetch(`${url}/schemas/ids/${id}`, {
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      if (NO_SUCH_ID.has(response.status)) {
        throw new UnreadableRecord(`The registry has no schema ${id}.`);
      }
      if (!response.ok) throw new Error(`The schema registry answered ${response.status}.`);
      const body = (await response.json()) as { schema: string };
      return body.schema;
    },
  };
}

/** Ids in the order of asking, without a registry: for simulations and unit tests. */
export function memoryIds(): SchemaIds {
  const schemas: string[] = [];
  return {
    idOf(_subject, schema) {
      const known = schemas.indexOf(schema);
      return Promise.resolve(known >= 0 ? known : schemas.push(schema) - 1);
    },
    schemaOf(id) {
      const schema = schemas[id];
      if (schema === undefined) throw new UnreadableRecord(`There is no schema ${id}.`);
      return Promise.resolve(schema);
    },
  };
}
