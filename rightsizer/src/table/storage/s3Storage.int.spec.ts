import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { startS3Server } from '@prorata/test-kit';
import type { S3Server } from '@prorata/test-kit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TableFault } from '../tableFault.ts';
import { proveConditional } from './proveConditional.ts';
import { S3Storage } from './s3Storage.ts';
import { raceOfTwo } from './testing/raceOfTwo.ts';
import { storageContract } from './testing/storageContract.ts';
import { startTinyS3 } from './testing/tinyS3.ts';
import type { S3Misdeed, TinyS3, TinyS3Options } from './testing/tinyS3.ts';

const SECRET = 'a-secret-that-no-message-may-hold';
/** 1,000 of them are in the nightly spec: a server in Python takes its time. */
const RACES = 30;
/** Of 10 files of 100 KB. */
const CACHE_BYTES = 1_000_000;

let work: string;

beforeEach(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIATESTTESTTESTTEST');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', SECRET);
  work = await mkdtemp(path.join(os.tmpdir(), 'objects work '));
  return () => rm(work, { recursive: true, force: true });
});

const openAt = (endpoint: string, bucket: string): Promise<S3Storage> =>
  S3Storage.open(
    { bucket, prefix: 'quotas/table', endpoint, region: 'us-east-1', pathStyle: true },
    { directory: path.join(work, 'cache'), bytesMax: CACHE_BYTES },
  );

describe('objects on S3', () => {
  let server: S3Server | { missing: string };
  let storage: S3Storage;
  let bucket: string;
  let buckets = 0;

  const open = (): Promise<S3Storage> => openAt((server as S3Server).endpoint, bucket);

  beforeAll(async () => {
    server = await startS3Server();
  });

  afterAll(async () => {
    if ('stop' in server) await server.stop();
  });

  beforeEach(async (context) => {
    if ('missing' in server) return context.skip(`skipped: ${server.missing}`);
    bucket = `bucket-${(buckets += 1)}`;
    await server.makeBucket(bucket);
    storage = await open();
    return () => storage.close();
  });

  storageContract({ storage: () => storage, workFolder: () => path.join(work, 'staging') });

  it('lets one of two clients win each version, on a server that refuses a stale condition', async () => {
    await proveConditional(storage);
    const other = await open();
    await raceOfTwo(storage, other, RACES);
    await other.close();
  });

  it('says what to change where there is no such bucket', async () => {
    const ours = await openAt((server as S3Server).endpoint, 'no-such-bucket');
    const message = expect.stringContaining('PRORATA_USAGE_LOCATION') as string;
    const refused = { code: 'STORAGE_REFUSED', message };
    await expect(ours.read('v1')).rejects.toMatchObject(refused);
    await expect(ours.create('v1', Buffer.from('1'))).rejects.toMatchObject(refused);
    await expect(ours.open(['v1'])).rejects.toMatchObject(refused);
    await expect(ours.list('').next()).rejects.toMatchObject(refused);
    await ours.close();
  });
});

describe('objects on a server that fails', () => {
  let server: TinyS3;
  let storage: S3Storage;

  async function given(options: TinyS3Options, ...misdeeds: S3Misdeed[]): Promise<void> {
    server = await startTinyS3(options);
    server.misdeeds.push(...misdeeds);
    storage = await openAt(server.endpoint, 'bucket');
  }

  afterEach(async () => {
    await storage.close();
    await server.close();
  });

  const times = (count: number, misdeed: S3Misdeed): S3Misdeed[] =>
    Array.from({ length: count }, () => misdeed);

  it('finds what an attempt of its own made whose answer was lost', async () => {
    await given({}, 'answer lost');
    expect(await storage.create('v1', Buffer.from('ours'))).toBe(true);
    expect(server.requests).toEqual(['PUT', 'PUT', 'GET']);
  });

  it('does not take for its own what another made while its answer was lost', async () => {
    await given({});
    await storage.create('v1', Buffer.from('theirs'));
    server.misdeeds.push('answer lost');
    expect(await storage.create('v1', Buffer.from('ours'))).toBe(false);
  });

  it('tries again while others write the same key', async () => {
    await given({}, 'conflict', 'conflict');
    expect(await storage.create('v1', Buffer.from('ours'))).toBe(true);
    server.misdeeds.push(...times(10, 'conflict'));
    await expect(storage.create('v2', Buffer.from('ours'))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
  });

  it('fetches a file again whose body ended early, and never shows a part of one', async () => {
    await given({});
    const content = Buffer.alloc(100_000, 'x');
    await storage.create('rows', content);
    server.misdeeds.push('body cut');
    const opened = await storage.open(['rows']);
    expect((await readFile(opened.paths[0]!)).equals(content)).toBe(true);
    opened.release();
    await storage.create('more', content);
    server.misdeeds.push(...times(3, 'body cut'));
    await expect(storage.open(['more'])).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    const [folder] = await readdir(path.join(work, 'cache'));
    expect(await readdir(path.join(work, 'cache', folder!))).toHaveLength(1);
  });

  it.each([
    [403, 'SignatureDoesNotMatch', 'AWS_SECRET_ACCESS_KEY'],
    [403, 'InvalidAccessKeyId', 'AWS_ACCESS_KEY_ID'],
    [403, 'AccessDenied', 's3:ListBucket'],
    [400, 'AuthorizationHeaderMalformed', 'PRORATA_USAGE_S3_REGION'],
    [400, 'ExpiredToken', 'renew'],
  ])('says of %i %s what to change, and nothing that was signed', async (status, code, remedy) => {
    await given({}, ...times(4, { status, code }));
    const fault = await storage.read('v1').catch((error: unknown) => error as TableFault);
    expect(fault).toMatchObject({ code: 'STORAGE_REFUSED' });
    const told = inspect(fault, { depth: null, showHidden: true });
    expect(told).toContain(remedy);
    for (const secret of [SECRET, 'AKIATEST', 'signed-by-us']) expect(told).not.toContain(secret);
  });

  it('says that nobody answers, which may pass', async () => {
    await given({}, ...times(4, { status: 503, code: 'SlowDown' }));
    const unavailable = { code: 'STORAGE_UNAVAILABLE' };
    await expect(storage.read('v1')).rejects.toMatchObject(unavailable);
    await server.close();
    await expect(storage.read('v1')).rejects.toMatchObject(unavailable);
  });

  it.each(['ignored', 'racy', 'unknown'] as const)(
    'is refused as the place of a table where conditions are %s',
    async (conditions) => {
      await given({ conditions });
      await expect(proveConditional(storage)).rejects.toMatchObject({
        code: 'STORAGE_NOT_CONDITIONAL',
      });
    },
  );

  it('is the place of a table where conditions are kept', async () => {
    await given({ conditions: 'kept' });
    await expect(proveConditional(storage)).resolves.toBeUndefined();
  });
});
