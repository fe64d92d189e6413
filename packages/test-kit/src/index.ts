export { provideQueryLogin, provideUsageLogin, pythonClient, pythonTables } from '@prorata/infra';
export { freshDatabase, freshNamespace, kafkaConnection, sharedStack } from './sharedStack.ts';
export type { SharedStack } from './sharedStack.ts';
