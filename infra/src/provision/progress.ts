/** Told a line at a time what a long step is doing. */
export type Progress = (line: string) => void;

export const silent: Progress = () => undefined;

/** How often a step that says nothing by itself is reported, milliseconds: a person waits that long before they doubt. */
const reportEveryMs = 5_000;

/** Runs a step that may take long and says how long it has taken so far. */
export async function withProgress<T>(
  progress: Progress,
  what: string,
  step: () => Promise<T>,
): Promise<T> {
  progress(`${what} …`);
  const since = Date.now();
  const seconds = (): string => ((Date.now() - since) / 1000).toFixed(0);
  const timer = setInterval(() => {
    progress(`${what} … ${seconds()} s`);
  }, reportEveryMs);
  try {
    return await step();
  } finally {
    clearInterval(timer);
  }
}
