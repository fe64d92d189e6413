import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { completionScript } from './completion.ts';
import { createProgram } from './program.ts';

const program = createProgram(() => undefined);

/** What bash offers for the last of these words, begun or empty. */
function offered(...words: readonly string[]): string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const asked = `${completionScript(program, 'bash')}
    COMP_WORDS=(./prorata ${line}); COMP_CWORD=${words.length}; _prorata; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', asked], { encoding: 'utf8' }).trim().split('\n');
}

it('completes every command, what stands below one, and its options', () => {
  const commands = program.commands.map((command) => command.name());
  expect(offered('')).toEqual(expect.arrayContaining([...commands, '--version', '--help']));
  expect(offered('st')).toEqual(['status']);
  expect(offered('rollout', 'sh')).toEqual(['show']);
  expect(offered('status', '--')).toEqual(['--json', '--help']);
});

it('completes the options of a command behind its arguments', () => {
  expect(offered('override', 'moka/prod', '--li')).toEqual(['--limit', '--lift']);
});

it('completes what an option chooses from', () => {
  expect(offered('tree', 'moka', '-o', '')).toEqual(['table', 'json', 'yaml']);
  expect(offered('completion', 'z')).toEqual(['zsh']);
});

it('leaves files to the shell where it knows nothing', () => {
  expect(offered('plan', '-f', 'quo')).toEqual(['']);
  expect(completionScript(program, 'bash')).toContain('complete -o default');
});
