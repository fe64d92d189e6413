/** One line of a benchmark: ours beside the peers' and the floor's, from one run. */
export interface Figure {
  readonly bench: string;
  readonly figure: string;
  readonly unit: string;
  readonly ours: number | null;
  readonly peers: Readonly<Record<string, number | null>>;
  /** What the same machine does with nothing of ours in the way; null: there is no such thing. */
  readonly floor: number | null;
  readonly partitions: number;
  readonly cores: number;
  /** What was aimed at; absent where nothing was. */
  readonly aim?: string;
  /** Whether it was reached; absent when what it compares with was not measured. */
  readonly held?: boolean;
}

/** Three significant digits: more would speak of the machine's mood. */
export function significant(value: number): number {
  return Number(value.toPrecision(3));
}

const COLUMNS = ['figure', 'unit', 'ours', 'peers', 'floor', 'aim'] as const;

/** A table in Markdown, so that it can be read in a terminal and quoted on a page. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(rowOf);
  const widths = COLUMNS.map((name) =>
    Math.max(name.length, ...rows.map((row) => row[name].length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  return [
    line(COLUMNS),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map((row) => line(COLUMNS.map((name) => row[name]))),
  ].join('\n');
}

function rowOf(figure: Figure): Record<(typeof COLUMNS)[number], string> {
  const peers = Object.entries(figure.peers)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${textOf(value)}`);
  const verdict =
    figure.held === undefined ? ': not compared' : figure.held ? ': held' : ': missed';
  return {
    figure: figure.figure,
    unit: figure.unit,
    ours: textOf(figure.ours),
    peers: peers.join(', '),
    floor: textOf(figure.floor),
    aim: figure.aim === undefined ? '' : `${figure.aim}${verdict}`,
  };
}

const textOf = (value: number | null): string => (value === null ? '' : value.toLocaleString('en'));
