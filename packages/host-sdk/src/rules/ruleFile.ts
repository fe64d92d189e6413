import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Rule } from '@prorata/schemas';
import { longToJson } from '@prorata/schemas';
import { TimeSlices } from '../timeSlices.ts';
import { longOf, objectFromText, ruleFromJson, RulesUnreadable, ruleToJson } from './ruleJson.ts';

/** What a host starts from when nothing else answers. */
export interface StoredRules {
  readonly rules: readonly Rule[];
  /** Whether they were a whole set, or part of one that was still coming. */
  readonly isComplete: boolean;
  readonly appliedOffset: bigint;
}

/** The rules to be kept, as they are when they are written. */
interface RulesToKeep {
  readonly isKnown: boolean;
  delivered(): Iterable<Rule>;
}

/** Raised when the form changes; a file of another version is not read. */
const VERSION = 1;
/** A burst of changes becomes one file; what a crash loses. */
const GATHER_MS = 50;
/** A large set takes a while to render: at most a tenth of the time goes into it. */
const GATHER_TIMES_RENDERED = 10;
/** Rules between two looks at the clock. */
const RULES_PER_LOOK = 16;
/** Text that is written at once, characters. */
const PIECE_CHARACTERS = 64 * 1024;
/** No file takes so long to be written, milliseconds. */
const LEFT_BEHIND_MS = 60_000;
const HEADER = /^prorata-rules (\d+) ([0-9a-f]{64})$/;

/**
 * The last good rules of one application on disk: a line with version and SHA-256, then JSON. It is
 * replaced as a whole (written beside, synced, renamed), so a crash leaves the old file or the new.
 */
export class RuleFile {
  readonly #directory: string;
  readonly #path: string;
  readonly #application: string;
  readonly #failed: (error: unknown) => void;
  #pending: { table: RulesToKeep; appliedOffset: bigint } | null = null;
  #writing: Promise<void> | null = null;
  /** Nobody waits any longer for more to come: the process ends. */
  readonly #hurry = new AbortController();
  /** The first line of what was written last: it names the content. */
  #written = '';

  constructor(directory: string, application: string, failed: (error: unknown) => void) {
    this.#directory = directory;
    this.#application = application;
    this.#path = join(directory, `${application}.rules`);
    this.#failed = failed;
  }

  /** null when there is none, or none that can be trusted, which is reported. */
  async read(): Promise<StoredRules | null> {
    await this.#clean();
    try {
      return this.#parse(await readFile(this.#path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#failed(error);
      return null;
    }
  }

  /** Writes what the table holds a moment later; the calls until then become one file. */
  save(table: RulesToKeep, appliedOffset: bigint): void {
    this.#pending = { table, appliedOffset };
    this.#writing ??= this.#write();
  }

  /** Resolves when what was saved is on disk, or could not be put there. */
  async settled(): Promise<void> {
    this.#hurry.abort();
    await this.#writing;
  }

  async #write(): Promise<void> {
    let gatherMs = GATHER_MS;
    while (this.#pending !== null) {
      await this.#gather(gatherMs);
      const { table, appliedOffset } = this.#pending;
      this.#pending = null;
      const began = performance.now();
      try {
        const rules = [...table.delivered()];
        await this.#replace(
          await this.#render({ rules, isComplete: table.isKnown, appliedOffset }),
        );
        gatherMs = Math.max(GATHER_MS, (performance.now() - began) * GATHER_TIMES_RENDERED);
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#writing = null;
  }

  async #gather(ms: number): Promise<void> {
    try {
      await setTimeout(ms, undefined, { signal: this.#hurry.signal });
    } catch {
      // Hurried.
    }
  }

  /** In slices, for the process serves requests meanwhile; in pieces, for the text of all is large. */
  async #render({ rules, isComplete, appliedOffset }: StoredRules): Promise<readonly string[]> {
    const slices = new TimeSlices();
    const head = JSON.stringify({
      application: this.#application,
      appliedOffset: longToJson(appliedOffset),
      isComplete,
    });
    const hash = createHash('sha256');
    const pieces: string[] = [''];
    let piece = `${head.slice(0, -1)},"rules":[`;
    const end = (): void => {
      hash.update(piece);
      pieces.push(piece);
      piece = '';
    };
    for (const [index, rule] of rules.entries()) {
      piece += `${index === 0 ? '' : ','}${JSON.stringify(ruleToJson(rule))}`;
      if (piece.length >= PIECE_CHARACTERS) end();
      if (index % RULES_PER_LOOK === 0 && slices.isOver) await slices.rest();
    }
    piece += ']}';
    end();
    pieces[0] = `prorata-rules ${VERSION} ${hash.digest('hex')}\n`;
    return [...pieces, '\n'];
  }

  async #replace(pieces: readonly string[]): Promise<void> {
    const [header = ''] = pieces;
    if (header === this.#written) return;
    await mkdir(this.#directory, { recursive: true });
    const beside = `${this.#path}.${randomUUID()}.part`;
    try {
      await writeSynced(beside, pieces);
      await rename(beside, this.#path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
    await syncDirectory(this.#directory);
    this.#written = header;
  }

  #parse(text: string): StoredRules {
    const [first = '', body = ''] = text.split('\n', 2);
    const header = HEADER.exec(first);
    if (header === null) throw new RulesUnreadable(`${this.#path} is no file of rules.`);
    if (header[1] !== String(VERSION)) {
      throw new RulesUnreadable(`${this.#path} is of version ${header[1] ?? ''}, not ${VERSION}.`);
    }
    if (header[2] !== sha256(body)) throw new RulesUnreadable(`${this.#path} is damaged.`);
    const json = objectFromText(body);
    if (json['application'] !== this.#application || !Array.isArray(json['rules'])) {
      throw new RulesUnreadable(`${this.#path} is not of ${this.#application}.`);
    }
    const list = json['rules'] as unknown[];
    const rules = this.#readable(list);
    return {
      rules,
      isComplete: json['isComplete'] === true && rules.length === list.length,
      appliedOffset: longOf(json['appliedOffset'], 'appliedOffset'),
    };
  }

  /** Removes what crashes left half written; a young one may be another process's, at work on it. */
  async #clean(): Promise<void> {
    try {
      const left = (await readdir(this.#directory)).filter(
        (name) => name.startsWith(`${this.#application}.rules.`) && name.endsWith('.part'),
      );
      for (const name of left) {
        const path = join(this.#directory, name);
        const ageMs = Date.now() - (await stat(path)).mtimeMs;
        if (ageMs > LEFT_BEHIND_MS) await rm(path, { force: true });
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#failed(error);
    }
  }

  /** One rule that cannot be read, of another release perhaps, must not cost the limits of all. */
  #readable(list: readonly unknown[]): Rule[] {
    return list.flatMap((item) => {
      try {
        return [ruleFromJson(item)];
      } catch (error) {
        this.#failed(error);
        return [];
      }
    });
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function writeSynced(path: string, pieces: readonly string[]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    for (const piece of pieces) await file.appendFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without it the rename itself may be lost with the power. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
