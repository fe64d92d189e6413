import { spawn } from 'node:child_process';

/** A tool that Prorata needs to prepare itself ended badly. `output` has its last lines. */
export class ToolFailed extends Error {
  override readonly name = 'ToolFailed';
  readonly command: string;
  readonly output: string;

  constructor(command: string, why: string, output: string) {
    super(`\`${command}\` failed: ${why}\n${output}`);
    this.command = command;
    this.output = output;
  }
}

/** What is kept of a tool's output, characters: the end, where errors stand. */
const outputKept = 4_000;

/**
 * Runs a tool to its end and returns what it printed.
 * @throws ToolFailed
 */
export function runTool(
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const line = [command, ...parameters].join(' ');
    const child = spawn(command, parameters, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-outputKept);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => {
      reject(new ToolFailed(line, error.message, output));
    });
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new ToolFailed(line, signal ?? `exit ${String(code)}`, output));
    });
  });
}
