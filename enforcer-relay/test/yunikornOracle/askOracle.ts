import { askProgram, buildGoProgram } from '../goProgram.ts';

export interface OracleLimits {
  readonly max: Readonly<Record<string, number>>;
  readonly guaranteed: Readonly<Record<string, number>>;
  readonly applications: number;
}

export interface OracleAnswer {
  readonly accepted: boolean;
  readonly reason: string;
  readonly checksum: string;
  readonly built: Readonly<Record<string, OracleLimits>> | null;
  readonly reloaded: Readonly<Record<string, OracleLimits>> | null;
}

export interface OracleQuestion {
  readonly text: string;
  /** What the scheduler had before; absent: nothing. */
  readonly former?: string;
}

/** The scheduler's own code, of the version that go.mod pins. @returns the program */
export const buildOracle = (): Promise<string> =>
  buildGoProgram(import.meta.dirname, 'yunikorn-oracle');

/** All questions at once, answered in their order. */
export const askOracle = (
  program: string,
  questions: readonly OracleQuestion[],
): Promise<readonly OracleAnswer[]> => askProgram<OracleAnswer>(program, questions);
