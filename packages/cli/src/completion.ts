import type { Command } from 'commander';

export const shells = ['bash', 'zsh'] as const;
export type Shell = (typeof shells)[number];

/** What may follow some words of a command line, beside files. */
interface Followers {
  /** The commands so far, a space before each; empty: none yet. */
  readonly path: string;
  readonly words: readonly string[];
}

/**
 * The script that completes commands, options and the values that options choose from, for `source`. It asks nobody: names of
 * quotas would take a gateway and a token at every key.
 */
export function completionScript(program: Command, shell: Shell): string {
  const followers = followersOf(program, '');
  const paths = followers.map(({ path }) => path).filter((path) => path !== '');
  const cases = followers.map(({ path, words }) => `    '${path}') echo '${words.join(' ')}' ;;`);
  const values = valuesOf(program).map(
    ([option, words]) => `    ${option}) echo '${words.join(' ')}'; return ;;`,
  );
  return `${[
    `# Completes ./prorata: source <(./prorata completion ${shell})`,
    '_prorata_words() {',
    '  local before=$1 reached= word',
    '  shift',
    '  case "$before" in',
    ...values,
    '  esac',
    '  for word in "$@"; do',
    '    case "$reached $word" in',
    `      ${paths.map((path) => `'${path}'`).join('|')}) reached="$reached $word" ;;`,
    '    esac',
    '  done',
    '  case "$reached" in',
    ...cases,
    '  esac',
    '}',
    ...OF_SHELL[shell],
  ].join('\n')}\n`;
}

const OF_SHELL: Readonly<Record<Shell, readonly string[]>> = {
  bash: [
    '_prorata() {',
    '  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}',
    '  local words',
    '  words=$(_prorata_words "$before" "${COMP_WORDS[@]:1:COMP_CWORD-1}")',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _prorata prorata',
  ],
  zsh: [
    '_prorata() {',
    '  local -a found',
    '  found=(${=$(_prorata_words "${words[CURRENT-1]}" "${(@)words[2,CURRENT-1]}")})',
    '  compadd -- $found || _files',
    '}',
    'compdef _prorata prorata',
  ],
};

function followersOf(command: Command, path: string): readonly Followers[] {
  const options = command.options
    .filter(({ hidden }) => !hidden)
    .map(({ long, short }) => long ?? short);
  const names = command.commands.map((each) => each.name());
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const words = [...names, ...choices, ...options, '--help'].filter((word) => word !== undefined);
  return [
    { path, words },
    ...command.commands.flatMap((each) => followersOf(each, `${path} ${each.name()}`)),
  ];
}

/** By option, what it chooses from: an option means the same in every command that has it. */
function valuesOf(program: Command): readonly (readonly [string, readonly string[]])[] {
  const found = new Map<string, readonly string[]>();
  const visit = (command: Command): void => {
    for (const { argChoices, long, short } of command.options) {
      if (argChoices !== undefined)
        found.set([long, short].filter((name) => name !== undefined).join('|'), argChoices);
    }
    command.commands.forEach(visit);
  };
  visit(program);
  return [...found];
}
