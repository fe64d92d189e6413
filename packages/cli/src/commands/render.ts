import type { ApplicationState } from '@prorata/quota-model';
import { stateFromText, stateToText } from '@prorata/quota-model';
import { CommandError } from '../commandError.ts';
import { exitCodes } from '../exitCodes.ts';
import type { Declaration } from '../file/declaration.ts';
import { readDeclaration } from '../file/readDeclaration.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { colours } from '../output/colours.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import { renderFromLog, renderState } from '../passOn.ts';
import { computePlan } from '../plan/computePlan.ts';
import type { LiveState } from '../plan/computePlan.ts';
import { withoutValidators, withoutVersions } from '../plan/decideHere.ts';
import { failuresOf } from '../plan/failuresOf.ts';
import type { Json } from '../plan/json.ts';
import { readLive } from '../plan/readLive.ts';
import { StreamHere } from '../plan/streamHere.ts';
import { tell } from '../print.ts';
import { lineDifference } from '../render/lineDifference.ts';
import type { DifferentLine } from '../render/lineDifference.ts';
import { connected } from './connected.ts';

export interface RenderOptions {
  readonly application: string;
  readonly file?: readonly string[];
  readonly dispatcher?: string;
  readonly diff?: boolean;
}

/** Lines of a difference that are shown about each that differs. */
const AROUND = 3;
/** Hosts that are named; the others are counted. */
const HOSTS_NAMED_MAX = 20;

const nothing: LiveState = {
  priceBooks: new Map(),
  tierPolicies: new Map(),
  organizations: new Map(),
  applications: new Map(),
};

/** The text of a target: as it is now, as files would have it from nothing, or what files would change of it. */
export async function render(kind: string, options: RenderOptions): Promise<number> {
  const { application, dispatcher, file, diff = false } = options;
  const words = [
    ...['--application', application],
    ...(dispatcher === undefined ? [] : ['--dispatcher', dispatcher]),
  ];
  if (file === undefined) {
    if (diff) throw new CommandError('Of what? --diff needs files: -f.', exitCodes.usage.code);
    return (await renderFromLog([kind, ...words], 'inherit')).exitCode;
  }
  const declared = await readDeclaration(file);
  if (diff) return difference([kind, ...words], application, declared);
  const state = upon(null, application, declared, nothing);
  return (await renderState([kind, ...words], stateToText(state), 'inherit')).exitCode;
}

/** A dry run of the whole way: what a target's text would become, and whom the change would reach. */
async function difference(
  words: readonly string[],
  application: string,
  declared: Declaration,
): Promise<number> {
  const client = await connected();
  const now = await renderFromLog(['state', '--application', application], 'text');
  if (now.exitCode !== 0) return now.exitCode;
  const live = await withProgress('reading', (progress) => readLive(client, declared, progress));
  const state = upon(stateFromText(now.text) as ApplicationState, application, declared, live);
  const before = await renderState(words, now.text, 'text');
  const after = await renderState(words, stateToText(state), 'text');
  // Now there may be nothing to render: the difference is all of it then.
  if (after.exitCode !== 0) return after.exitCode;
  const lines = lineDifference(before.text, after.text);
  process.stdout.write(shownOf(lines));
  const isChanged = lines.some(({ kind }) => kind !== 'same');
  for (const line of await reachOf(client, state, isChanged)) tell(line);
  return 0;
}

/** What the application would be by the files. @throws CommandError where it would be refused */
function upon(
  state: ApplicationState | null,
  application: string,
  declared: Declaration,
  live: LiveState,
): ApplicationState {
  const stream = `application:${application}`;
  const here = new StreamHere(stream, state);
  const { commands, obstacles } = computePlan(declared, live);
  const failures = obstacles.map(({ message }) => message);
  for (const command of commands.filter((each) => each.stream === stream)) {
    const { decision } = here.send(withoutValidators(withoutVersions(command)));
    if (decision.kind === 'accepted') continue;
    const [first] = decision.violations;
    const told = failuresOf(command, first.code, first.message, decision.violations);
    failures.push(...told.map(({ code, message }) => `${code}: ${message}`));
  }
  if (failures.length > 0) throw new CommandError(failures.map(screenText).join('\n'));
  const becomes = here.state;
  if (becomes?.kind === 'application') return becomes;
  throw new CommandError(
    `The files register no application ${application}. What they would change of one that runs: --diff.`,
  );
}

const marks = { same: ' ', gone: '-', new: '+' } as const;
const colourOf = {
  same: (line: string) => line,
  gone: colours.red,
  new: colours.green,
} as const;

function shownOf(lines: readonly DifferentLine[]): string {
  let shown = '';
  let lastShown = -1;
  for (const [index, { kind, line }] of lines.entries()) {
    const near = lines.slice(Math.max(0, index - AROUND), index + AROUND + 1);
    if (near.every((each) => each.kind === 'same')) continue;
    if (index > lastShown + 1) shown += '…\n';
    shown += `${colourOf[kind](`${marks[kind]} ${line}`)}\n`;
    lastShown = index;
  }
  return shown === '' ? 'Nothing differs.\n' : shown;
}

async function reachOf(
  client: GatewayClient,
  { id, registration }: ApplicationState,
  isChanged: boolean,
): Promise<readonly string[]> {
  if (!isChanged) return [];
  const targets = registration.dispatchers.map(
    ({ name, kind, target }) => `${name} (${kind}, ${target})`,
  );
  const hosts = await client.all('/v1/hosts', 'hosts', { application: id }).catch(() => null);
  return [
    `targets: ${targets.length === 0 ? 'none is registered' : targets.join(', ')}`,
    hosts === null ? 'hosts: nobody could say' : `hosts: ${namesOf(hosts)}`,
  ].map(screenText);
}

function namesOf(hosts: readonly Json[]): string {
  const names = hosts.map((host) => String(host['hostId'] ?? host['host']));
  if (names.length === 0) return 'none has reported';
  const more = names.length - HOSTS_NAMED_MAX;
  const named = names.slice(0, HOSTS_NAMED_MAX).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}
