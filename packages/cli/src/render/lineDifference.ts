/** What differs between two texts, line by line (Myers, An O(ND) Difference Algorithm, 1986). */

export interface DifferentLine {
  readonly kind: 'same' | 'gone' | 'new';
  readonly line: string;
}

/** Lines that differ at the most; beyond it all of one text goes and all of the other comes. */
const DIFFERENT_MAX = 2_000;

export function lineDifference(before: string, after: string): readonly DifferentLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  const trace = shortestTrace(a, b);
  if (trace !== null) return walkedBack(a, b, trace);
  return [
    ...a.map((line): DifferentLine => ({ kind: 'gone', line })),
    ...b.map((line): DifferentLine => ({ kind: 'new', line })),
  ];
}

type Furthest = ReadonlyMap<number, number>;

/** For each number of differences the furthest point on each diagonal before it; null: there are too many. */
function shortestTrace(a: readonly string[], b: readonly string[]): readonly Furthest[] | null {
  const trace: Furthest[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let different = 0; different <= DIFFERENT_MAX; different++) {
    trace.push(furthest);
    const next = new Map(furthest);
    for (let diagonal = -different; diagonal <= different; diagonal += 2) {
      let x = startOn(diagonal, different, furthest);
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x++;
      next.set(diagonal, x);
      if (x >= a.length && x - diagonal >= b.length) return trace;
    }
    furthest = next;
  }
  return null;
}

function startOn(diagonal: number, different: number, furthest: Furthest): number {
  const down = furthest.get(diagonal + 1) ?? 0;
  const right = furthest.get(diagonal - 1) ?? -1;
  const isDown = diagonal === -different || (diagonal !== different && right < down);
  return isDown ? down : right + 1;
}

function walkedBack(
  a: readonly string[],
  b: readonly string[],
  trace: readonly Furthest[],
): readonly DifferentLine[] {
  const lines: DifferentLine[] = [];
  let [x, y] = [a.length, b.length];
  for (let different = trace.length - 1; different >= 0; different--) {
    const furthest = trace[different] ?? new Map<number, number>();
    const diagonal = x - y;
    const down = furthest.get(diagonal + 1) ?? 0;
    const right = furthest.get(diagonal - 1) ?? -1;
    const isDown = diagonal === -different || (diagonal !== different && right < down);
    const fromX = isDown ? down : right;
    const fromY = fromX - (isDown ? diagonal + 1 : diagonal - 1);
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      if (x === fromX + (isDown ? 0 : 1) && y === fromY + (isDown ? 1 : 0)) break;
      lines.push({ kind: 'same', line: a[x - 1] ?? '' });
      x--;
      y--;
    }
    if (different === 0) break;
    if (isDown) lines.push({ kind: 'new', line: b[y - 1] ?? '' });
    else lines.push({ kind: 'gone', line: a[x - 1] ?? '' });
    [x, y] = [fromX, fromY];
  }
  return lines.reverse();
}
