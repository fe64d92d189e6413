import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { changingCommands } from './program/changingCommands.ts';
import { costCommand } from './program/costCommand.ts';
import { creditCommands } from './program/creditCommands.ts';
import { declarationCommands } from './program/declarationCommands.ts';
import type { Finish } from './program/finish.ts';
import { completionCommand, passedOnCommands, workCommands } from './program/passedOnCommands.ts';
import { readingCommands } from './program/readingCommands.ts';
import { rolloutCommands } from './program/rolloutCommands.ts';
import { keyCommands, stackCommands } from './program/stackCommands.ts';

const { version } = manifest;

/** The command line of DESIGN §9. `finish` is told the exit code. */
export function createProgram(finish: Finish): Command {
  const program = new Command('prorata').enablePositionalOptions().exitOverride();
  program.version(version, '--version', 'print the version');
  program.description('Prorata: quotas of every kind, for every system you run');
  program.showHelpAfterError('To type: ./prorata --help, or ./prorata <command> --help.');
  stackCommands(program, finish);
  keyCommands(program, finish);
  declarationCommands(program, finish);
  readingCommands(program, finish);
  costCommand(program, finish);
  changingCommands(program, finish);
  creditCommands(program, finish);
  rolloutCommands(program, finish);
  passedOnCommands(program, finish);
  workCommands(program, finish);
  completionCommand(program);
  return program;
}
