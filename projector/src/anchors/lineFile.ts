import { open, truncate } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** A line is 130 bytes a head and a thousand heads at most: its end is looked for this far back, bytes. */
const LINE_BYTES_MAX = 1_000_000;

/** A file to which lines are appended and on disk before `append` resolves. One writer. */
export class LineFile {
  readonly #handle: FileHandle;
  /** Bytes of whole lines. */
  #length: number;

  private constructor(handle: FileHandle, length: number) {
    this.#handle = handle;
    this.#length = length;
  }

  /** Opens or makes it; what a crash has left of a last line is cut off. */
  static async open(file: string): Promise<LineFile> {
    const handle = await open(file, 'a+', 0o600);
    try {
      const { size } = await handle.stat();
      const opened = new LineFile(handle, size);
      const torn = size - (await opened.#lineEndBefore(size));
      if (torn > 0) await truncate(file, size - torn);
      opened.#length = size - torn;
      return opened;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get length(): number {
    return this.#length;
  }

  /** null: it has none. */
  async lastLine(): Promise<string | null> {
    if (this.#length === 0) return null;
    const from = await this.#lineEndBefore(this.#length - 1);
    return (await this.#read(from, this.#length - 1)).toString('utf8');
  }

  /** The line that begins at a byte; null at the end. */
  async lineAt(position: number): Promise<{ readonly line: string; readonly next: number } | null> {
    if (position >= this.#length) return null;
    const bytes = await this.#read(position, Math.min(this.#length, position + LINE_BYTES_MAX));
    const end = bytes.indexOf(0x0a);
    if (end < 0) throw new RangeError('A line of the file is too long.');
    return { line: bytes.subarray(0, end).toString('utf8'), next: position + end + 1 };
  }

  /** What was written of it when this throws is written anew by the next, from where it began. */
  async append(line: string): Promise<void> {
    const bytes = Buffer.from(`${line}\n`);
    try {
      await this.#handle.appendFile(bytes);
      await this.#handle.sync();
    } catch (error) {
      await this.#handle.truncate(this.#length).catch(() => undefined);
      throw error;
    }
    this.#length += bytes.length;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Where the last line before a byte ends; 0: there is none. */
  async #lineEndBefore(position: number): Promise<number> {
    const from = Math.max(0, position - LINE_BYTES_MAX);
    const end = (await this.#read(from, position)).lastIndexOf(0x0a);
    if (end < 0 && from > 0) throw new RangeError('A line of the file is too long.');
    return from + end + 1;
  }

  async #read(from: number, to: number): Promise<Buffer> {
    const buffer = Buffer.alloc(to - from);
    const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, from);
    return buffer.subarray(0, bytesRead);
  }
}
