import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CompletedPart } from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { TableFault } from '../tableFault.ts';
import { ObjectCache } from './objectCache.ts';
import type { ObjectBody } from './objectCache.ts';
import { checkKey } from './objectKey.ts';
import { nameOf, s3Fault, statusOf } from './s3Faults.ts';
import type { LocalFiles, StoredObject, TableStorage } from './tableStorage.ts';

export interface S3Place {
  readonly bucket: string;
  /** Without slashes at its ends; empty: the whole bucket. */
  readonly prefix: string;
  /** null: Amazon's, by region. */
  readonly endpoint: string | null;
  /** null: what the environment or the profile says. */
  readonly region: string | null;
  /** true: `endpoint/bucket/key`, as most other servers have it, and not `bucket.endpoint/key`. */
  readonly pathStyle: boolean;
}

interface ObjectAddress {
  readonly Bucket: string;
  readonly Key: string;
}

export interface CachePlace {
  readonly directory: string;
  readonly bytesMax: number;
}

/**
 * Requests until one counts as failed. At least 2: a server may close the connection after it has
 * refused a condition, and the next request finds that out.
 */
const ATTEMPTS = 4;
const CONNECT_MS = 3_000;
/** A connection on which nothing moves. */
const IDLE_MS = 20_000;
/** One request with its attempts and its body. */
const REQUEST_MS = 120_000;
/** Another conditional write of the same key was under way, and nobody knows yet who won. */
const CONFLICT_ATTEMPTS = 10;
const CONFLICT_PAUSE_MS = 50;
/** A body in memory can be sent again; larger files go in parts of this size. */
const PART_BYTES = 64 * 1024 * 1024;

/** Objects below a prefix of a bucket. Credentials come by the SDK's own chain, never by our settings. */
export class S3Storage implements TableStorage {
  readonly location: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #cache: ObjectCache;

  private constructor(client: S3Client, { bucket, prefix }: S3Place, cache: ObjectCache) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.location = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
    this.#cache = cache;
  }

  static async open(place: S3Place, { directory, bytesMax }: CachePlace): Promise<S3Storage> {
    const client = s3Client(place);
    const fetch = (key: string): Promise<ObjectBody> => storage.#fetch(key);
    const cache = await ObjectCache.open(directory, bytesMax, fetch);
    const storage = new S3Storage(client, place, cache);
    return storage;
  }

  async close(): Promise<void> {
    this.#client.destroy();
    await this.#cache.close();
  }

  async read(key: string): Promise<Buffer | null> {
    const object = this.#object(key);
    try {
      const { Body } = await this.#client.send(new GetObjectCommand(object), inTime());
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw this.#fault('reading', error);
    }
  }

  async create(key: string, content: Buffer): Promise<boolean> {
    for (let attempt = 1; attempt <= CONFLICT_ATTEMPTS; attempt += 1) {
      const answer = await this.#putNew(key, content);
      if (answer === 'made') return true;
      // Also what an attempt of ours made whose answer was lost.
      if (answer === 'taken') return (await this.read(key))?.equals(content) ?? false;
      await sleep(CONFLICT_PAUSE_MS * (0.5 + Math.random()));
    }
    throw new TableFault(
      'STORAGE_UNAVAILABLE',
      `writing ${this.location}: ${key} was being written by others each time`,
    );
  }

  async upload(localFile: string, key: string): Promise<number> {
    const object = this.#object(key);
    const { size } = await stat(localFile);
    try {
      if (size <= PART_BYTES) await this.#putWhole(object, await readPart(localFile, 0, size));
      else await this.#putInParts(object, localFile, size);
    } catch (error) {
      throw this.#fault('writing', error);
    }
    await this.#cache.adopt(key, localFile, size);
    return size;
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const wanted = { Bucket: this.#bucket, Prefix: this.#prefix + prefix };
    let token: string | undefined;
    do {
      const page = await this.#client
        .send(new ListObjectsV2Command({ ...wanted, ContinuationToken: token }), inTime())
        .catch((error: unknown) => {
          throw this.#fault('listing', error);
        });
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        const key = (Key ?? '').slice(this.#prefix.length);
        yield { key, bytes: Size ?? 0, modifiedAtMs: LastModified?.getTime() ?? 0 };
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async remove(key: string): Promise<void> {
    const object = this.#object(key);
    try {
      await this.#client.send(new DeleteObjectCommand(object), inTime());
    } catch (error) {
      if (!isAbsent(error)) throw this.#fault('removing', error);
    }
  }

  /** Through the cache, all together: @throws TableFault CACHE_TOO_SMALL when they do not fit at once. */
  open(keys: readonly string[]): Promise<LocalFiles> {
    return this.#cache.open(keys);
  }

  async #fetch(key: string): Promise<ObjectBody> {
    const object = this.#object(key);
    try {
      const answer = await this.#client.send(new GetObjectCommand(object), inTime());
      return { bytes: answer.ContentLength ?? 0, body: answer.Body as Readable };
    } catch (error) {
      if (!isAbsent(error)) throw this.#fault('reading', error);
      throw new TableFault('FILE_MISSING', `${key} is not in ${this.location}`);
    }
  }

  async #putNew(key: string, content: Buffer): Promise<'made' | 'taken' | 'conflict'> {
    const put = { ...this.#object(key), Body: content, IfNoneMatch: '*' };
    try {
      await this.#client.send(new PutObjectCommand(put), inTime());
      return 'made';
    } catch (error) {
      if (statusOf(error) === 412) return 'taken';
      if (statusOf(error) === 409) return 'conflict';
      if (statusOf(error) !== 501) throw this.#fault('writing', error);
      const said = `${this.location} does not know writes with If-None-Match: *`;
      throw new TableFault('STORAGE_NOT_CONDITIONAL', said);
    }
  }

  async #putWhole(object: ObjectAddress, content: Buffer): Promise<void> {
    await this.#client.send(new PutObjectCommand({ ...object, Body: content }), inTime());
  }

  async #putInParts(object: ObjectAddress, localFile: string, size: number): Promise<void> {
    const { UploadId } = await this.#client.send(
      new CreateMultipartUploadCommand(object),
      inTime(),
    );
    try {
      const Parts: CompletedPart[] = [];
      for (let from = 0; from < size; from += PART_BYTES) {
        const PartNumber = Parts.length + 1;
        const Body = await readPart(localFile, from, Math.min(PART_BYTES, size - from));
        const part = new UploadPartCommand({ ...object, UploadId, PartNumber, Body });
        const { ETag, ChecksumCRC32 } = await this.#client.send(part, inTime());
        Parts.push({ PartNumber, ETag, ChecksumCRC32 });
      }
      const whole = { ...object, UploadId, MultipartUpload: { Parts } };
      await this.#client.send(new CompleteMultipartUploadCommand(whole), inTime());
    } catch (error) {
      // Parts that nobody completes cost money until somebody aborts them.
      const abort = new AbortMultipartUploadCommand({ ...object, UploadId });
      await this.#client.send(abort, inTime()).catch(() => undefined);
      throw error;
    }
  }

  #object(key: string): ObjectAddress {
    return { Bucket: this.#bucket, Key: this.#prefix + checkKey(key) };
  }

  #fault(action: string, error: unknown): TableFault {
    return s3Fault(this.location, action, error);
  }
}

function s3Client({ endpoint, region, pathStyle }: S3Place): S3Client {
  return new S3Client({
    ...(endpoint === null ? {} : { endpoint }),
    ...(region === null ? {} : { region }),
    forcePathStyle: pathStyle,
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
  });
}

const isAbsent = (error: unknown): boolean =>
  statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';

const inTime = (): { abortSignal: AbortSignal } => ({
  abortSignal: AbortSignal.timeout(REQUEST_MS),
});

async function readPart(file: string, from: number, bytes: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const part = Buffer.alloc(bytes);
    const { bytesRead } = await handle.read(part, 0, bytes, from);
    if (bytesRead !== bytes) throw new RangeError(`${file} became shorter while it was uploaded.`);
    return part;
  } finally {
    await handle.close();
  }
}
