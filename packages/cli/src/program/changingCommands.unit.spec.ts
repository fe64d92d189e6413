import { Command } from 'commander';
import { expect, it } from 'vitest';
import { changingCommands } from './changingCommands.ts';

/** What is told of words that make no sense. */
async function complaintOf(words: readonly string[]): Promise<string> {
  let told = '';
  const program = new Command('prorata')
    .exitOverride()
    .configureOutput({ writeErr: (text) => void (told += text) });
  changingCommands(program, () => undefined);
  await expect(program.parseAsync(words, { from: 'user' })).rejects.toThrow();
  return told;
}

it.each([
  ['is missing', ['--reason', 'fire', '--for']],
  ['is the next option', ['--for', '--reason', 'fire']],
  ['is no length', ['--reason', 'fire', '--for', 'soon']],
])('says what to type where the length of an override %s', async (_what, words) => {
  const told = await complaintOf(['override', 'moka/ads', '--block', ...words]);
  expect(told).toContain('--for <length>');
  expect(told).toMatch(/To type: .*--for 2h/);
});

it('names the forms of a length where one is wrong', async () => {
  const told = await complaintOf([
    'override',
    'moka/ads',
    '--block',
    '--for',
    '5',
    '--reason',
    'x',
  ]);
  expect(told).toContain("'5' is invalid. Write 90m, 2h or 3d (s, m, h or d).");
});
