import { createReadStream } from 'node:fs';

/** One summary of an application with hundreds of instance types is some 50 KB. */
export const LINE_BYTES_MAX = 1_000_000;
/** Read at once: what a line is put together from. */
const CHUNK_BYTES = 1_000_000;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

export interface TextLine {
  /** From 1. */
  readonly number: bigint;
  /** Without the end of the line; of a line that is too long its beginning. */
  readonly bytes: Buffer;
  readonly tooLong: boolean;
}

/**
 * The lines of a file, a batch a chunk. A line ends at LF or CRLF, whatever stands in it, so that a
 * broken one never takes the next ones with it. Memory is bounded by a chunk and a line.
 */
export async function* readLines(file: string): AsyncGenerator<readonly TextLine[]> {
  const cutter = new LineCutter();
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES })) {
    const lines = cutter.take(chunk as Buffer);
    if (lines.length > 0) yield lines;
  }
  const last = cutter.end();
  if (last !== null) yield [last];
}

class LineCutter {
  #number = 0n;
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #tooLong = false;

  take(chunk: Buffer): readonly TextLine[] {
    const lines: TextLine[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end === -1) break;
      this.#keep(chunk.subarray(from, end));
      lines.push(this.#line());
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  /** null: the file ends with the end of a line. */
  end(): TextLine | null {
    return this.#begunBytes === 0 ? null : this.#line();
  }

  #keep(bytes: Buffer): void {
    const room = LINE_BYTES_MAX - this.#begunBytes;
    if (bytes.length > room) this.#tooLong = true;
    const kept = bytes.subarray(0, room);
    if (kept.length === 0) return;
    this.#begun.push(kept);
    this.#begunBytes += kept.length;
  }

  #line(): TextLine {
    this.#number += 1n;
    const [only] = this.#begun;
    const whole =
      this.#begun.length === 1 && only !== undefined ? only : Buffer.concat(this.#begun);
    const bytes = whole.at(-1) === RETURN ? whole.subarray(0, -1) : whole;
    const line = { number: this.#number, bytes, tooLong: this.#tooLong };
    this.#begun = [];
    this.#begunBytes = 0;
    this.#tooLong = false;
    return line;
  }
}
