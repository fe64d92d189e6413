import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Rule } from '@prorata/schemas';
import { longToJson } from '@prorata/schemas';
import { longOf, objectFromText, ruleFromJson, RulesUnreadable, ruleToJson } from './ruleJson.ts';

/** What a host starts from when nothing else answers. */
export interface StoredRules {
  readonly rules: readonly Rule[];
  readonly appliedOffset: bigint;
}

/** Raised when the form changes; a file of another version is not read. */
const VERSION = 1;
/** Rendering a large set takes a while, so a burst of changes becomes one file; what a crash loses. */
const GATHER_MS = 50;
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
  #pending: { table: { all(): readonly Rule[] }; appliedOffset: bigint } | null = null;
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
    try {
      return this.#parse(await readFile(this.#path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#failed(error);
      return null;
    }
  }

  /** Writes what the table holds a moment later; the calls until then become one file. */
  save(table: { all(): readonly Rule[] }, appliedOffset: bigint): void {
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
        await this.#replace(this.#render({ rules: table.all(), appliedOffset }));
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#writing = null;
  }

  #render({ rules, appliedOffset }: StoredRules): string {
    const body = JSON.stringify({
      application: this.#application,
      appliedOffset: longToJson(appliedOffset),
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
    return {
      rules: (json['rules'] as unknown[]).map(ruleFromJson),
      appliedOffset: longOf(json['appliedOffset'], 'appliedOffset'),
    };
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
