import type { Argument, Command, Option } from 'commander';
import { exitCodes } from '../exitCodes.ts';

const HEAD = `# The command line

Made from the command line's own table by \`npm run generate\`. Do not edit.

\`./prorata <command>\`; \`./prorata <command> --help\` says the same. Answers go to stdout, progress and complaints to
stderr. Colours only on a terminal, and not with \`NO_COLOR\`.

**Where to.** The local stack, as its administrator; else the gateway that the environment names:

| variable | what |
|---|---|
| \`PRORATA_URL\` | the gateway's address; https, except on this machine or with \`PRORATA_ALLOW_HTTP=1\` |
| \`PRORATA_TOKEN_FILE\` | a file with the token; it needs no process to have it in its environment |
| \`PRORATA_TOKEN\` | the token itself; it is never printed |
| \`PRORATA_STACK_DIRECTORY\` | another folder for the local stack than \`.prorata/stack\` |
`;

/** The page of the command line, from its table of commands. */
export function renderCli(program: Command): string {
  const commands = program.commands.flatMap((command) => [
    // A mere heading of others does nothing itself; who takes arguments does.
    ...(command.commands.length === 0 || command.registeredArguments.length > 0
      ? [{ name: command.name(), command }]
      : []),
    ...command.commands.map((each) => ({
      name: `${command.name()} ${each.name()}`,
      command: each,
    })),
  ]);
  return [
    HEAD,
    '## Exit codes\n',
    '| code | meaning |\n|---|---|',
    ...Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${cell(meaning)} |`),
    '\nWhat is passed on (`demo`, `bench`, `chaos`, `audit`, `projections`, `usage`, `backtest`, `what-if`) has exit codes of its own, which its own help says.\n',
    '## Commands\n',
    '| command | what |\n|---|---|',
    ...commands.map(
      ({ name, command }) =>
        `| [\`${name}\`](#${anchorOf(name)}) | ${cell(command.description())} |`,
    ),
    ...commands.map(({ name, command }) => sectionOf(name, command)),
    '',
  ].join('\n');
}

const anchorOf = (name: string): string => name.replaceAll(' ', '-');

function sectionOf(name: string, command: Command): string {
  const places = command.registeredArguments.map((argument) => [
    placeOf(argument),
    argument.description,
  ]);
  const options = command.options.map((option) => [`\`${option.flags}\``, textOf(option)]);
  const rows = [...places, ...options].map(
    ([what = '', text = '']) => `| ${cell(what)} | ${cell(text)} |`,
  );
  const usage = ['./prorata', name, command.usage()].join(' ').trim();
  return [
    `\n## ${name}\n`,
    `${sentence(command.description())}\n`,
    `    ${usage}\n`,
    ...(rows.length === 0 ? [] : ['| | |\n|---|---|', ...rows]),
  ]
    .join('\n')
    .trimEnd();
}

const placeOf = (argument: Argument): string =>
  argument.required ? `\`<${argument.name()}>\`` : `\`[${argument.name()}]\``;

function textOf({ description, defaultValue, argChoices, mandatory }: Option): string {
  const choices = argChoices === undefined ? '' : ` (${argChoices.join(', ')})`;
  const preset = defaultValue === undefined ? '' : `; \`${String(defaultValue)}\` unless told`;
  return `${description}${choices}${preset}${mandatory ? '; required' : ''}`;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const cell = (text: string): string =>
  text
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replace(/`[^`]*`/g, (code) => code.replaceAll('&lt;', '<'));
