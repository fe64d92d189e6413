import { CommandError } from '../commandError.ts';
import { screenText } from '../output/screenText.ts';
import { placeText } from './place.ts';
import type { FileFault } from './place.ts';

/** Faults that are printed; the count says how many there are. */
const SHOWN_MAX = 50;

/** What is wrong in the files, all of it, as `file:line:column: message`. */
export class FileFaults extends CommandError {
  readonly faults: readonly FileFault[];

  constructor(faults: readonly FileFault[]) {
    const lines = inOrder(faults)
      .slice(0, SHOWN_MAX)
      .map(({ place, message }) => screenText(`${placeText(place)}: ${message}`));
    const more = faults.length > SHOWN_MAX ? [`… and ${faults.length - SHOWN_MAX} more`] : [];
    super([...lines, ...more].join('\n'));
    this.faults = faults;
  }
}

/** As one reads: by file, then from the top. */
function inOrder(faults: readonly FileFault[]): readonly FileFault[] {
  return faults.toSorted(
    ({ place: a }, { place: b }) =>
      a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column,
  );
}
