import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface TextProgram {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly input: string;
  /** Where its output goes: ours, or back to the caller. What it complains of is always ours. */
  readonly to: 'inherit' | 'text';
}

export interface Rendered {
  readonly exitCode: number;
  /** Empty where it went to our output. */
  readonly text: string;
}

/** A short program that reads an input and writes a text. */
export async function runForText(program: TextProgram): Promise<Rendered> {
  const { command, environment, input, to } = program;
  const child = spawn(command, program.arguments, {
    stdio: ['pipe', to === 'text' ? 'pipe' : 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  });
  // It may have refused what it was asked before it read all.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
  const said = child.stdout === null ? '' : await text(child.stdout);
  return { exitCode: await ended, text: said };
}
