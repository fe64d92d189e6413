export * from './generated/messages.ts';
export * from './manifest.ts';
export * from './codec.ts';
export { UnreadableRecord, UnwritableRecord } from './recordErrors.ts';
export { canonicalBytes, sha256 } from './canonical.ts';
export { anchorSignedBytes } from './anchorSignedBytes.ts';
export { HeadTree } from './headTree.ts';
export type { StreamEnd } from './headTree.ts';
export { exactLong } from './exactLong.ts';
export { registryIds, memoryIds } from './registry.ts';
export { namedSchemas, selfContained } from './schemaFiles.ts';
export type { NamedSchema, SchemaField, SchemaJson } from './schemaFiles.ts';
export type { JsonViolation } from './jsonValues.ts';
export { fromJson, toJson, timeFromJson, timeToJson } from './json.ts';
export { longFromJson, longToJson } from './jsonValues.ts';
export { durationToJson, limitFromJson, limitToJson } from './limitJson.ts';
export {
  jsonProperties,
  jsonSchemaComponents,
  jsonSchemaOf,
  requiredFields,
} from './jsonSchema.ts';
export type { JsonSchema } from './jsonSchema.ts';
