import { globSync } from 'node:fs';
import { checkoutDirectory } from '@prorata/infra';

export const reaches = ['unit', 'sim', 'int', 'e2e'] as const;
export type Reach = (typeof reaches)[number];

/** What one run of the runner has to do. */
export interface TestPart {
  readonly name: string;
  /** The runner's. */
  readonly parameters: readonly string[];
  /** After which it is ended, and counts as a failure, milliseconds. */
  readonly limitMs: number;
}

/** Several times what the longest of them takes on two busy cores: only one that hangs takes more. */
const REACH_MS_MAX = 45 * 60_000;
/** Ten thousand seeds take some forty minutes on a quiet core. */
const NIGHTLY_MS_MAX = 4 * 3_600_000;

const folders = '{schemas,command-service,projector,enforcer-relay,rightsizer,infra,packages}';

function specsOf(suffix: string): string[] {
  const found = globSync(`${folders}/**/*.${suffix}.spec.ts`, {
    cwd: checkoutDirectory,
    exclude: (name) => name.endsWith('node_modules'),
  });
  return found.sort();
}

/** A part for each reach that has specs. */
export function partsOf(chosen: readonly Reach[]): TestPart[] {
  return chosen
    .filter((reach) => specsOf(reach).length > 0)
    .map((reach) => ({
      name: reach,
      // `e2e` has a second project, of those that run alone.
      parameters: ['--project', `${reach}*`],
      limitMs: REACH_MS_MAX,
    }));
}

/** A part for each file of what is too long for every change: one that hangs or breaks hides no other. */
export function nightlyParts(): TestPart[] {
  return specsOf('nightly').map((file) => ({
    name: file,
    parameters: ['--project', 'nightly', file],
    limitMs: NIGHTLY_MS_MAX,
  }));
}
