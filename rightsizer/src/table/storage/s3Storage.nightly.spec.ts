import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { startMinio, startS3Server } from '@prorata/test-kit';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { proveConditional } from './proveConditional.ts';
import { S3Storage } from './s3Storage.ts';
import { raceOfTwo } from './testing/raceOfTwo.ts';
import { storageContract } from './testing/storageContract.ts';

const RACES = 1_000;
const CACHE_BYTES = 1_000_000;

interface Server {
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

async function startMoto(): Promise<Server | { readonly missing: string }> {
  const server = await startS3Server();
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any-secret' };
  return 'missing' in server ? server : { ...server, credentials };
}

describe.each([
  ['MinIO', startMinio, true],
  ['moto', startMoto, false],
] as const)('objects on %s', (_, start, checksCredentials) => {
  let server: Server | { readonly missing: string };
  let work: string;
  let storage: S3Storage;
  let bucket: string;
  let buckets = 0;

  beforeAll(async () => {
    server = await start();
  }, 3_600_000);

  afterAll(async () => {
    if ('stop' in server) await server.stop();
  });

  beforeEach(async (context) => {
    if ('missing' in server) return context.skip(`skipped: ${server.missing}`);
    const { endpoint, credentials } = server;
    vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
    work = await mkdtemp(path.join(os.tmpdir(), 'objects work '));
    bucket = `bucket-${(buckets += 1)}`;
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    client.destroy();
    storage = await open();
    return async () => {
      await storage.close();
      await rm(work, { recursive: true });
    };
  });

  const open = (): Promise<S3Storage> =>
    S3Storage.open(
      {
        bucket,
        prefix: 'quotas/table',
        endpoint: (server as Server).endpoint,
        region: 'us-east-1',
        pathStyle: true,
      },
      { directory: path.join(work, 'cache'), bytesMax: CACHE_BYTES },
    );

  storageContract({ storage: () => storage, workFolder: () => path.join(work, 'staging') });

  it('lets one of two clients win each of 1,000 versions, where a stale condition is refused', async () => {
    await proveConditional(storage);
    const other = await open();
    await raceOfTwo(storage, other, RACES);
    await other.close();
  });

  it('uploads in parts what is too large for memory', async () => {
    const file = path.join(work, 'large');
    const content = Buffer.alloc(70 * 1024 * 1024, 'rows of usage ');
    await writeFile(file, content);
    expect(await storage.upload(file, 'usage/data/large.parquet')).toBe(content.length);
    expect((await storage.read('usage/data/large.parquet'))?.equals(content)).toBe(true);
  });

  it.runIf(checksCredentials)('says which of the credentials is wrong', async () => {
    // A client looks for its credentials with its first request.
    expect(await storage.read('v1')).toBeNull();
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wrong');
    const forger = await open();
    await expect(forger.create('v1', Buffer.from('1'))).rejects.toMatchObject({
      code: 'STORAGE_REFUSED',
      message: expect.stringContaining('AWS_SECRET_ACCESS_KEY') as string,
    });
    await forger.close();
    expect(await storage.read('v1')).toBeNull();
  });
});
