/**
 * Writes the model's list of time zones from the tzdata of this machine. By hand, never as a part of the
 * build: what a command is decided by must not depend on where it runs.
 *
 * node infra/src/timeZones/main.ts [/usr/share/zoneinfo/tzdata.zi]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const source = process.argv[2] ?? '/usr/share/zoneinfo/tzdata.zi';
const target = join(
  import.meta.dirname,
  '../../../packages/quota-model/src/organization/timeZones.ts',
);

const lines = readFileSync(source, 'utf8').split('\n');
const version = /^# version (\S+)/.exec(lines[0] ?? '')?.[1];
if (version === undefined) throw new Error(`${source} names no version in its first line.`);

/** `Z NAME …` is a zone, `L TARGET NAME` another name of one. */
const names = lines.flatMap((line) => {
  const [kind, first, second] = line.split(' ');
  return (kind === 'Z' ? first : kind === 'L' ? second : null) ?? [];
});
const usable = [...new Set(names)].filter(isKnownToRuntimes).sort();

/** tzdata has a zone that stands for "not set up" and that no runtime takes. */
function isKnownToRuntimes(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

writeFileSync(
  target,
  `/** The names of tzdata ${version}, links included. Made by infra/src/timeZones/main.ts. */
export const TZDATA_VERSION = '${version}';

const names = \`
${usable.join('\n')}
\`;

const known: ReadonlySet<string> = new Set(names.trim().split('\\n'));

/** Whether tzdata ${version} has the name: every machine gives the same answer. */
export function isTimeZone(name: string): boolean {
  return known.has(name);
}
`,
);
console.log(`${usable.length} names of tzdata ${version}`);
