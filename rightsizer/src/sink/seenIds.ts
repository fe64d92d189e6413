import { hash } from 'node:crypto';
import type { UsageRecorded } from '@prorata/schemas';

/** A record's id, when the log took it, and the window that it is of. */
export type IdOfUsage = Pick<
  UsageRecorded,
  'application' | 'hostId' | 'bootId' | 'sequence' | 'windowStart'
>;

/**
 * `new`: not seen. `duplicate`: sent again, and counted already. `reused`: another record under an id
 * that was seen, which is a host's fault: a boot that is not one, as of a machine restored from an image.
 */
export type SeenVerdict = 'new' | 'duplicate' | 'reused';

/** The late window: whole hours of log time in which an id counts once. Hosts give up resending sooner. */
export const LATE_HOURS = 24;
const HOUR_MICROS = 3_600_000_000n;
/** Sequences of one chunk: those of some minutes to hours of one host. */
const CHUNK_IDS = 512;
const CHUNK_WORDS = CHUNK_IDS / 32;
/** Longer names are kept as their hash: whoever makes them up gets no more memory for it. */
const NAME_LENGTH_MAX = 160;
/** Sequences from here on are told apart by what names the boot. */
const SEQUENCE_BITS = 40n;
const SEQUENCE_LOW = (1n << SEQUENCE_BITS) - 1n;
/** Chunk numbers of one boot; `boot * this + chunk` stays exact below 2^53. */
const CHUNKS_A_BOOT = 2 ** 31;
const BOOTS_MAX = 2 ** 22;
/** Boots that are found by their own id: when there are more, it begins anew. */
const FOUND_MAX = 100_000;
const FIRST_CHUNKS = 1_024;
/**
 * Chunks of a partition: about 230 MB, enough for the hourly chunks of 80,000 hosts. Beyond it the
 * late window shrinks by its oldest hours: see `hours`.
 */
const CHUNKS_MAX = 2_000_000;

interface FoundBoot extends Pick<IdOfUsage, 'application' | 'hostId'> {
  readonly boot: number;
}

/** Sequences that a restore hands in at once. */
export const WORD_IDS = 32;

/** Up to 32 ids of one boot and one hour, as a restore hands them in. */
export interface SeenWord extends Pick<IdOfUsage, 'application' | 'hostId' | 'bootId'> {
  /** The first sequence, a multiple of `WORD_IDS`. */
  readonly sequence: bigint;
  readonly hour: number;
  /** A bit an id, the lowest that of the first sequence. */
  readonly bits: number;
  /** Earliest and latest window start of its records, microseconds. */
  readonly windowFirst: bigint;
  readonly windowLast: bigint;
}

/**
 * The ids that count already, of one partition: a bit an id, by boot, 512 sequences and hour of log
 * time. Exact, and it follows from the rows that count alone: an id is seen when a row has it whose
 * hour is not older than `LATE_HOURS` before the newest hour of any row and of the record itself. So
 * it does not matter how the log was cut, and it comes back from the table.
 *
 * A chunk is about 120 bytes, so an id costs 0.24 bytes times the number of partitions that a host's
 * sequence spreads over, and 120 at worst, for hosts that pick their sequences at random.
 */
export class SeenIds {
  readonly #chunksMax: number;
  readonly #boots = new Map<string, number>();
  readonly #bootNames: string[] = [];
  /** Which host had a boot's id last, and the id that each boot is found by there; '': none. */
  readonly #byBootId = new Map<string, FoundBoot>();
  readonly #bootIds: string[] = [];
  /** Chunks that each boot has; 0: its number is free. */
  readonly #bootChunks: number[] = [];
  readonly #freeBoots: number[] = [];
  /** The first chunk by boot and number; others, of other hours, follow by `#after`. */
  readonly #first = new Map<number, number>();
  #hour = new Int32Array(FIRST_CHUNKS);
  #after = new Int32Array(FIRST_CHUNKS);
  #key = new Float64Array(FIRST_CHUNKS);
  #windowFirst = new Float64Array(FIRST_CHUNKS);
  #windowLast = new Float64Array(FIRST_CHUNKS);
  #bits = new Uint32Array(FIRST_CHUNKS * CHUNK_WORDS);
  readonly #free: number[] = [];
  /** Places ever taken; those in `#free` are among them. */
  #used = 0;
  #newest: number | null = null;
  #latest = { micros: 0n, hour: 0 };
  /** Hours before it are forgotten. */
  #floor = Number.MIN_SAFE_INTEGER;

  constructor(chunksMax = CHUNKS_MAX) {
    this.#chunksMax = chunksMax;
  }

  /** How many whole hours before the newest are remembered: fewer than LATE_HOURS when there was no room. */
  get hours(): number {
    if (this.#newest === null) return LATE_HOURS;
    return Math.min(LATE_HOURS, Math.max(0, this.#newest - this.#floor));
  }

  get chunks(): number {
    return this.#used - this.#free.length;
  }

  /** @param loggedAt microseconds */
  verdict(id: IdOfUsage, loggedAt: bigint): SeenVerdict {
    const boot = this.#bootOf(id);
    if (boot === undefined) return 'new';
    const oldest = Math.max(this.#hourOf(loggedAt), this.#newest ?? 0) - LATE_HOURS;
    const place = placeOf(id.sequence);
    const windowStart = Number(id.windowStart);
    let verdict: SeenVerdict = 'new';
    let chunk = this.#first.get(boot * CHUNKS_A_BOOT + chunkOf(id.sequence)) ?? -1;
    for (; chunk >= 0; chunk = this.#after[chunk] ?? -1) {
      if ((this.#hour[chunk] ?? 0) < oldest || !this.#has(chunk, place)) continue;
      const [first = 0, last = 0] = [this.#windowFirst[chunk], this.#windowLast[chunk]];
      if (windowStart >= first && windowStart <= last) return 'duplicate';
      verdict = 'reused';
    }
    return verdict;
  }

  /** A record counts: its id is seen from now on. */
  add(id: IdOfUsage, loggedAt: bigint): void {
    const hour = this.#hourOf(loggedAt);
    this.#advance(hour);
    if (hour < this.#floor) return;
    const chunk = this.#chunkFor(id, hour);
    const place = placeOf(id.sequence);
    const word = chunk * CHUNK_WORDS + (place >> 5);
    this.#bits[word] = (this.#bits[word] ?? 0) | (1 << (place & 31));
    this.#widen(chunk, Number(id.windowStart), Number(id.windowStart));
    this.#makeRoom();
  }

  /** What is in the table, in any order. */
  restore(seen: SeenWord): void {
    this.#advance(seen.hour);
    if (seen.hour < this.#floor) return;
    const chunk = this.#chunkFor(seen, seen.hour);
    const word = chunk * CHUNK_WORDS + placeOf(seen.sequence) / WORD_IDS;
    this.#bits[word] = (this.#bits[word] ?? 0) | seen.bits;
    this.#widen(chunk, Number(seen.windowFirst), Number(seen.windowLast));
    this.#makeRoom();
  }

  #has(chunk: number, place: number): boolean {
    return (((this.#bits[chunk * CHUNK_WORDS + (place >> 5)] ?? 0) >>> (place & 31)) & 1) === 1;
  }

  #advance(hour: number): void {
    if (this.#newest !== null && hour <= this.#newest) return;
    this.#newest = hour;
    if (hour - LATE_HOURS > this.#floor) this.#forgetBefore(hour - LATE_HOURS);
  }

  /** The oldest hour goes first, whole: what is left then depends on the rows alone. */
  #makeRoom(): void {
    while (this.chunks > this.#chunksMax) {
      let oldest = Number.MAX_SAFE_INTEGER;
      for (let chunk = 0; chunk < this.#used; chunk += 1) {
        if (!this.#isFree(chunk)) oldest = Math.min(oldest, this.#hour[chunk] ?? oldest);
      }
      this.#forgetBefore(oldest + 1);
    }
  }

  #forgetBefore(floor: number): void {
    this.#floor = floor;
    for (let chunk = 0; chunk < this.#used; chunk += 1) {
      if (!this.#isFree(chunk) && (this.#hour[chunk] ?? floor) < floor) this.#remove(chunk);
    }
  }

  #isFree(chunk: number): boolean {
    return this.#key[chunk] === -1;
  }

  #remove(chunk: number): void {
    const key = this.#key[chunk] ?? 0;
    const after = this.#after[chunk] ?? -1;
    const first = this.#first.get(key) ?? -1;
    if (first !== chunk) {
      let before = first;
      while (this.#after[before] !== chunk) before = this.#after[before] ?? -1;
      this.#after[before] = after;
    } else if (after >= 0) this.#first.set(key, after);
    else this.#first.delete(key);
    this.#key[chunk] = -1;
    this.#bits.fill(0, chunk * CHUNK_WORDS, (chunk + 1) * CHUNK_WORDS);
    this.#free.push(chunk);
    this.#releaseBoot(Math.floor(key / CHUNKS_A_BOOT));
  }

  #releaseBoot(boot: number): void {
    const left = (this.#bootChunks[boot] ?? 1) - 1;
    this.#bootChunks[boot] = left;
    if (left > 0) return;
    this.#boots.delete(this.#bootNames[boot] ?? '');
    this.#bootNames[boot] = '';
    const bootId = this.#bootIds[boot] ?? '';
    if (this.#byBootId.get(bootId)?.boot === boot) this.#byBootId.delete(bootId);
    this.#bootIds[boot] = '';
    this.#freeBoots.push(boot);
  }

  #chunkFor(id: Omit<IdOfUsage, 'windowStart'>, hour: number): number {
    const known = this.#bootOf(id);
    if (known !== undefined) {
      let chunk = this.#first.get(known * CHUNKS_A_BOOT + chunkOf(id.sequence)) ?? -1;
      for (; chunk >= 0; chunk = this.#after[chunk] ?? -1) {
        if (this.#hour[chunk] === hour) return chunk;
      }
    }
    const boot = known ?? this.#newBoot(nameOf(id));
    this.#bootChunks[boot] = (this.#bootChunks[boot] ?? 0) + 1;
    return this.#newChunk(boot * CHUNKS_A_BOOT + chunkOf(id.sequence), hour);
  }

  /** Records of one batch have the same log time. */
  #hourOf(micros: bigint): number {
    if (micros !== this.#latest.micros) this.#latest = { micros, hour: hourOf(micros) };
    return this.#latest.hour;
  }

  /** By the boot's own id, if this host had it last: putting the whole name together costs more than all else. */
  #bootOf(id: Omit<IdOfUsage, 'windowStart'>): number | undefined {
    const { application, hostId, bootId, sequence } = id;
    const found = this.#byBootId.get(bootId);
    const isFound =
      found?.hostId === hostId && found.application === application && sequence <= SEQUENCE_LOW;
    if (isFound) return found.boot;
    const name = nameOf(id);
    const boot = this.#boots.get(name);
    if (boot !== undefined && sequence <= SEQUENCE_LOW && isWhole(name)) {
      if (this.#byBootId.size >= FOUND_MAX) this.#byBootId.clear();
      this.#byBootId.set(bootId, { application, hostId, boot });
      this.#bootIds[boot] = bootId;
    }
    return boot;
  }

  #newBoot(name: string): number {
    const boot = this.#freeBoots.pop() ?? this.#bootNames.length;
    // A boot has a chunk at least, and of those there are fewer.
    if (boot >= BOOTS_MAX) throw new RangeError('More boots than chunks.');
    this.#bootNames[boot] = name;
    this.#bootIds[boot] = '';
    this.#bootChunks[boot] = 0;
    this.#boots.set(name, boot);
    return boot;
  }

  #newChunk(key: number, hour: number): number {
    const chunk = this.#free.pop() ?? this.#used++;
    if (chunk === this.#hour.length) this.#grow();
    this.#hour[chunk] = hour;
    this.#key[chunk] = key;
    this.#windowFirst[chunk] = Infinity;
    this.#windowLast[chunk] = -Infinity;
    this.#after[chunk] = this.#first.get(key) ?? -1;
    this.#first.set(key, chunk);
    return chunk;
  }

  #widen(chunk: number, first: number, last: number): void {
    this.#windowFirst[chunk] = Math.min(first, this.#windowFirst[chunk] ?? first);
    this.#windowLast[chunk] = Math.max(last, this.#windowLast[chunk] ?? last);
  }

  #grow(): void {
    const length = this.#hour.length * 2;
    this.#hour = grown(this.#hour, new Int32Array(length));
    this.#after = grown(this.#after, new Int32Array(length));
    this.#key = grown(this.#key, new Float64Array(length));
    this.#windowFirst = grown(this.#windowFirst, new Float64Array(length));
    this.#windowLast = grown(this.#windowLast, new Float64Array(length));
    this.#bits = grown(this.#bits, new Uint32Array(length * CHUNK_WORDS));
  }
}

export function hourOf(micros: bigint): number {
  return Number(micros / HOUR_MICROS);
}

function grown<T extends Int32Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** No name holds a control character that would make two of them one: see `judgeRecord`. */
function nameOf({ application, hostId, bootId, sequence }: Omit<IdOfUsage, 'windowStart'>): string {
  const name = `${application}\n${hostId}\n${bootId}`;
  const whole = sequence <= SEQUENCE_LOW ? name : `${name}\n${sequence >> SEQUENCE_BITS}`;
  return whole.length <= NAME_LENGTH_MAX ? whole : hash('sha256', whole);
}

/** Whether a name is what it was put together of, and no hash: a hash has no line's end. */
function isWhole(name: string): boolean {
  return name.includes('\n');
}

function lowOf(sequence: bigint): number {
  return Number(sequence <= SEQUENCE_LOW ? sequence : sequence & SEQUENCE_LOW);
}

function chunkOf(sequence: bigint): number {
  return Math.floor(lowOf(sequence) / CHUNK_IDS);
}

function placeOf(sequence: bigint): number {
  return lowOf(sequence) % CHUNK_IDS;
}
