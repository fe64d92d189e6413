import { SettingsError } from '@prorata/service-runtime';

export const partNames = [
  'sink',
  'rightsizer',
  'throttle',
  'summary',
  'ledger',
  'compactor',
] as const;
export type PartName = (typeof partNames)[number];

/**
 * `--parts sink,rightsizer,throttle,summary,ledger,compactor`; all of them without it. The sink may run where the disk is,
 * the loops elsewhere on a copy: they read the table and never write it. One process compacts.
 * @throws SettingsError
 */
export function readParts(argv: readonly string[]): ReadonlySet<PartName> {
  if (argv.length === 0) return new Set(partNames);
  const [flag, list] = argv;
  const names = (list ?? '').split(',').map((name) => name.trim());
  const known = names.filter((name): name is PartName =>
    (partNames as readonly string[]).includes(name),
  );
  if (flag !== '--parts' || argv.length !== 2 || known.length !== names.length) {
    const problem = `must be a list of ${partNames.join(', ')}, by comma`;
    throw new SettingsError([{ variable: '--parts', problem }]);
  }
  return new Set(known);
}
