import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Rule } from '@prorata/schemas';
import { longToJson } from '@prorata/schemas';
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
  all(): readonly Rule[];
}

/** Raised when the form changes; a file of another version is not read. */
const VERSION = 1;
/** Rendering a large set takes a while, so a burst of changes becomes one file; what a crash loses. */
const GATHER_MS = 50;
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
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#pending !== null) {
      await setTimeout(GATHER_MS);
      const { table, appliedOffset } = this.#pending;
      this.#pending = null;
      try {
        await this.#replace(
          this.#render({ rules: table.all(), isComplete: table.isKnown, appliedOffset }),
        );
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#writing = null;
  }

  #render({ rules, isComplete, appliedOffset }: StoredRules): string {
    const body = JSON.stringify({
      application: this.#application,
      appliedOffset: longToJson(appliedOffset),
      isComplete,
      rules: rules.map(ruleToJson),
    });
    return `prorata-rules ${VERSION} ${sha256(body)}\n${body}\n`;
  }

  async #replace(text: string): Promise<void> {
    if (text === this.#written) return;
    await mkdir(this.#directory, { recursive: true });
    const beside = `${this.#path}.${randomUUID()}.part`;
    try {
      await writeSynced(beside, text);
      await rename(beside, this.#path);
    } catch (error) {
      await rm(beside, { force: true });
      throw error;
    }
    await syncDirectory(this.#directory);
    this.#written = text;
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

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(text);
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
