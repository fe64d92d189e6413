import { readFileSync } from 'node:fs';

/** One environment variable that is missing or cannot be used, and what to give instead. */
export interface SettingProblem {
  readonly variable: string;
  readonly problem: string;
}

/** Everything wrong with the environment at once: a person fixes it in one go. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly SettingProblem[];
  constructor(problems: readonly SettingProblem[]) {
    super(
      `The environment does not fit: ${problems
        .map(({ variable, problem }) => `${variable} ${problem}`)
        .join('; ')}.`,
    );
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads variables one by one and collects what is wrong. A reader returns a stand-in for a bad
 * variable, so that the others are still looked at; `finish` throws before anybody uses it.
 */
export class EnvironmentReader {
  readonly #environment: Environment;
  readonly #problems: SettingProblem[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  report(variable: string, problem: string): void {
    this.#problems.push({ variable, problem });
  }

  optional(variable: string): string | null {
    const value = this.#environment[variable]?.trim();
    return value === undefined || value === '' ? null : value;
  }

  required(variable: string, meaning: string): string {
    const value = this.optional(variable);
    if (value === null) this.report(variable, `is missing: ${meaning}`);
    return value ?? '';
  }

  url(variable: string, protocols: readonly string[]): string | null {
    const value = this.optional(variable);
    if (value === null) return null;
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
      this.report(variable, `must be a URL that begins with ${protocols.join('// or ')}//`);
    }
    return value.replace(/\/+$/, '');
  }

  oneOf<T extends string>(variable: string, choices: readonly T[], preset: T): T {
    const value = this.optional(variable);
    if (value === null) return preset;
    const choice = choices.find((candidate) => candidate === value.toLowerCase());
    if (choice === undefined) this.report(variable, `must be one of ${choices.join(', ')}`);
    return choice ?? preset;
  }

  port(variable: string, preset: number): number {
    const value = this.optional(variable);
    if (value === null) return preset;
    const port = Number(value);
    if (/^\d{1,5}$/.test(value) && port <= 65_535) return port;
    this.report(variable, 'must be a port, 0 to 65535 (0: any free one)');
    return preset;
  }

  wholeNumber(variable: string, least: number, most: number): number | null {
    const value = this.optional(variable);
    if (value === null) return null;
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    this.report(variable, `must be a whole number from ${least} to ${most}`);
    return null;
  }

  /** The text of the file that the variable names; null when the variable is not set. */
  fileText(variable: string): string | null {
    const path = this.optional(variable);
    if (path === null) return null;
    try {
      return readFileSync(path, 'utf8');
    } catch {
      this.report(variable, 'names a file that cannot be read');
      return null;
    }
  }

  /** @throws SettingsError when anything was reported. */
  finish(): void {
    if (this.#problems.length > 0) throw new SettingsError(this.#problems);
  }
}
