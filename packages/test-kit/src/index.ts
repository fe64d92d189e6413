export {
  provideQueryLogin,
  provideUsageLogin,
  pythonClient,
  pythonFocus,
  pythonTables,
} from '@prorata/infra';
export { startMinio } from './minio.ts';
export type { Minio } from './minio.ts';
export { startS3Server } from './s3Server.ts';
export type { S3Server } from './s3Server.ts';
export { freshDatabase, freshNamespace, kafkaConnection, sharedStack } from './sharedStack.ts';
export type { SharedStack } from './sharedStack.ts';
