import { readFile, rm } from 'node:fs/promises';
import type { LocalFiles, StoredObject, TableStorage } from '../src/table/storage/tableStorage.ts';

/** Objects in memory, for tests of what stands on a storage. Files of it cannot be opened. */
export class MemoryStorage implements TableStorage {
  readonly location = 'memory://tables';
  readonly objects = new Map<string, Buffer>();
  /** How often something was written. */
  created = 0;
  /** How often something was read that was there. */
  reads = 0;

  read(key: string): Promise<Buffer | null> {
    const content = this.objects.get(key) ?? null;
    if (content !== null) this.reads += 1;
    return Promise.resolve(content);
  }

  async create(key: string, content: Buffer): Promise<boolean> {
    // Whoever else wants it asks in the meantime.
    await Promise.resolve();
    const there = this.objects.get(key);
    if (there !== undefined) return there.equals(content);
    this.created += 1;
    this.objects.set(key, content);
    return true;
  }

  async upload(localFile: string, key: string): Promise<number> {
    const content = await readFile(localFile);
    await rm(localFile);
    this.objects.set(key, content);
    return content.length;
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    await Promise.resolve();
    for (const [key, { length }] of this.objects) {
      if (key.startsWith(prefix)) yield { key, bytes: length, modifiedAtMs: 0 };
    }
  }

  remove(key: string): Promise<void> {
    this.objects.delete(key);
    return Promise.resolve();
  }

  open(): Promise<LocalFiles> {
    return Promise.reject(new TypeError('What is in memory cannot be opened.'));
  }
}
