let isQuiet = false;

/**
 * kafkajs re-arms a timer with a negative delay (its issue 1751), of which Node 24 warns on stderr.
 * Only that warning from there is swallowed; every other still shows.
 */
export function quietTimers(): void {
  if (isQuiet) return;
  isQuiet = true;
  const emitWarning = process.emitWarning.bind(process) as (...parameters: unknown[]) => void;
  process.emitWarning = (...parameters: unknown[]): void => {
    const [, name] = parameters;
    if (name === 'TimeoutNegativeWarning' && new Error().stack?.includes('kafkajs')) return;
    emitWarning(...parameters);
  };
}
