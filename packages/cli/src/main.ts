import { CommanderError } from 'commander';
import { CommandError } from './commandError.ts';
import { exitCodes } from './exitCodes.ts';
import { tell } from './print.ts';
import { createProgram } from './program.ts';

/** Faults whose message already says what happened and what to do: a stack trace would bury it. */
const plainFaults = new Set([
  'PartDidNotStart',
  'MissingTool',
  'ToolFailed',
  'ManifestMismatch',
  'StackConflict',
  'StackBusy',
  'RegistryFailed',
  'LogUnavailable',
  'LogRefused',
  'SettingsError',
]);

/** Whoever asks for the detailed code of `plan` takes 2 for changes. */
const usage = process.argv.includes('--detailed-exitcode')
  ? exitCodes.failed.code
  : exitCodes.usage.code;

function explain(error: unknown): number {
  // Commander has already printed its own complaint, or the help or version that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usage;
  if (error instanceof CommandError) {
    tell(error.message);
    return error.exitCode;
  }
  const plain = error instanceof Error && plainFaults.has(error.name);
  tell(
    plain ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
  return 1;
}

/** What has no end of its own. */
const endless = new Set(['watch', 'logs']);

// A reader such as `head` may leave early; that is no fault of ours. What is being changed is brought to its end,
// and its exit code says how it went.
process.stdout.on('error', () => {
  if (endless.has(process.argv[2] ?? '')) process.exit(0);
});
process.stderr.on('error', () => undefined);

try {
  await createProgram((exitCode) => {
    process.exitCode = exitCode;
  }).parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}
