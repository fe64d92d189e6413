import { CommandError } from '../commandError.ts';
import { exitCodes } from '../exitCodes.ts';
import { changesSince } from '../apply/changesSince.ts';
import { isConflict } from '../apply/conflict.ts';
import { applyDeclaration } from '../apply/applyDeclaration.ts';
import type { Application, Applied } from '../apply/applyPlan.ts';
import { readable, settled } from '../apply/settled.ts';
import { readDeclaration } from '../file/readDeclaration.ts';
import type { GatewayClient } from '../gateway/gatewayClient.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { unsentText } from '../output/countText.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import {
  agreedPlanLines,
  failureLines,
  failuresIn,
  planData,
  planLines,
} from '../plan/describePlan.ts';
import { planDeclaration } from '../plan/planned.ts';
import type { Planned } from '../plan/planned.ts';
import { termsOfThePast } from '../plan/termsOfThePast.ts';
import { answer, tell } from '../print.ts';
import { assertAgreed } from './agreed.ts';
import { connected } from './connected.ts';
import { waiversOf } from './waivers.ts';

export interface ApplyOptions extends OutputOptions {
  readonly file: readonly string[];
  readonly reason?: string;
  readonly waive?: readonly string[];
  readonly yes?: boolean;
}

/** What the audit log has where nobody said why. */
const NO_REASON = 'apply of a file';

const question = {
  question: 'Apply these changes?',
  declined: 'Nothing was changed.',
  withYes: 'applies the plan as it is',
};

/**
 * Makes what there is what is declared. Safe to repeat, and after a kill at any point: what was done is
 * not in the next plan, and every step of it names the version that was read.
 */
export async function apply(options: ApplyOptions): Promise<number> {
  const terms = { reason: options.reason ?? NO_REASON, waivers: waiversOf(options.waive) };
  // What is wrong in a file is told where there is no gateway, too.
  const declared = await readDeclaration(options.file);
  const client = await connected();
  const planned = await withProgress('reading', (progress) =>
    planDeclaration(client, declared, terms, progress),
  );
  const isForPeople = options.output === 'table';
  const linesOf = options.yes === true ? agreedPlanLines : planLines;
  if (isForPeople) for (const line of linesOf(planned.plan, planned.checks)) answer(line);
  if (failuresIn(planned.plan, planned.checks).length > 0) {
    return refusedBefore(planned, options);
  }
  if (options.reason === undefined) assertPastStays(planned);
  if (hasSomethingToSend(planned)) await assertAgreed(options.yes, question);
  const { declaration, plan } = planned;
  const applyTerms = { ...terms, heldStreams: heldStreamsOf(planned) };
  process.once('SIGINT', giveUp);
  const application = await applyDeclaration(client, declaration, plan, applyTerms, tellApplied);
  process.off('SIGINT', giveUp);
  const outcome = await conclude(client, planned, application);
  await answerAs(options.output, dataOf(planned, application, outcome), () => outcome.lines);
  return outcome.exitCode;
}

/** Every command has a reason; that one of ours would be taken for a person's. */
function assertPastStays({ plan }: Planned): void {
  const [first, ...others] = termsOfThePast(plan, new Date());
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  throw new CommandError(
    `Usage of the past would be priced anew (${first}${more}): say why with --reason "…". Nothing was changed.`,
    exitCodes.usage.code,
  );
}

async function refusedBefore(planned: Planned, options: ApplyOptions): Promise<number> {
  const data = {
    ...planData(planned.plan, planned.checks),
    applied: [],
    left: planned.plan.commands.length,
  };
  await answerAs(options.output, data, () => ['Nothing was changed.']);
  return exitCodes.failed.code;
}

/** Ctrl-C while commands are sent: what has left this machine is decided all the same. */
function giveUp(): void {
  tell('Given up. What was said to be done is done, and what was being sent may be done as well.');
  tell('To type: the same again. What was done is not done twice.');
  process.exit(exitCodes.interrupted.code);
}

function heldStreamsOf({ checks }: Planned): ReadonlySet<string> {
  const held = checks.filter(({ verdict }) => verdict === 'held');
  return new Set(held.map(({ command }) => command.stream));
}

/** Where all that is left waits for somebody else, there is nothing to agree to. */
function hasSomethingToSend({ checks }: Planned): boolean {
  const held = new Set<string>();
  return checks.some(({ verdict, command }) => {
    if (verdict === 'held') held.add(command.stream);
    return !held.has(command.stream);
  });
}

/** One line as each command is answered: where it stopped is the last one. */
function tellApplied(applied: Applied): void {
  const { stream, type, actions } = applied.command;
  const things = actions.length === 1 ? (actions[0]?.id ?? '') : `${actions.length} changes`;
  const what = `${stream}: ${type} ${things}`;
  if (applied.kind === 'done') tell(`${what}: done, version ${applied.streamVersion}`);
  else if (applied.kind === 'waits') {
    const held = applied.heldBy === null ? '' : ', not sent';
    tell(`${what}: ${applied.proposalId} waits for approval${held}`);
  } else tell(`${what}: ${applied.kind === 'refused' ? 'refused' : 'no answer came'}`);
}

interface Outcome {
  readonly exitCode: number;
  readonly lines: readonly string[];
  /** Who changed what meanwhile. */
  readonly conflicts: readonly { readonly id: string; readonly changes: readonly string[] }[];
}

async function conclude(
  client: GatewayClient,
  { declaration }: Planned,
  { applied, left }: Application,
): Promise<Outcome> {
  const last = applied.at(-1);
  if (last?.kind === 'refused') return concludeRefused(client, last, left.length);
  if (last?.kind === 'unknown') {
    const lines = [
      screenText(
        `No answer came to command ${last.commandId}${last.putOff}, which may still be decided; ${unsentText(left.length)}.`,
      ),
      'To type: the same again. What was done is not done twice.',
    ];
    return { exitCode: exitCodes.failed.code, lines, conflicts: [] };
  }
  const waiting = applied.filter((each) => each.kind === 'waits');
  if (waiting.length > 0) {
    const opened = waiting.filter(({ heldBy }) => heldBy === null);
    await withProgress('reading it back', () =>
      readable(
        client,
        opened.map(({ proposalId }) => proposalId),
      ),
    );
    return concludeWaiting(waiting, left.length);
  }
  if (applied.length === 0) return { exitCode: exitCodes.done.code, lines: [], conflicts: [] };
  const isSettled = await withProgress('reading it back', (progress) =>
    settled(client, declaration, progress),
  );
  const read = isSettled
    ? 'what is declared is what there is.'
    : 'the read models have not shown all of it yet; ./prorata plan says when they do.';
  return { exitCode: exitCodes.done.code, lines: [`Applied: ${read}`], conflicts: [] };
}

function concludeWaiting(
  waiting: readonly Extract<Applied, { kind: 'waits' }>[],
  left: number,
): Outcome {
  const lines = waiting.flatMap(waitingLines);
  const rest =
    left === 0 ? [] : [`${unsentText(left)}, of the same streams: apply again after it.`];
  return { exitCode: exitCodes.waits.code, lines: [...lines, ...rest], conflicts: [] };
}

function waitingLines({
  proposalId,
  message,
  heldBy,
}: Extract<Applied, { kind: 'waits' }>): readonly string[] {
  const approve = `  To type, as somebody else: ./prorata approve ${proposalId} --reason "…"`;
  if (heldBy === null) {
    return [screenText(`Proposal ${proposalId} waits for a second person. ${message}`), approve];
  }
  const { isSame, whose } = heldBy;
  if (isSame) {
    const already = `Proposal ${proposalId} waits for a second person already, ${whose}`;
    return [screenText(already), approve];
  }
  return [
    screenText(`Proposal ${proposalId} waits for a second person, ${whose}`),
    '  It is about the same quotas, and is not what is declared now: nothing was proposed beside it.',
    `  To type: ./prorata get proposal ${proposalId}, to see it; then have it decided, or take it back`,
    `  (./prorata withdraw ${proposalId} --reason "…") and apply again.`,
  ];
}

async function concludeRefused(
  client: GatewayClient,
  { command, failures }: Extract<Applied, { kind: 'refused' }>,
  left: number,
): Promise<Outcome> {
  const lines = [...failureLines(failures)];
  const stopped = `Stopped at ${command.stream}; what was said to be done before is done, ${unsentText(left)}.`;
  if (!failures.some(isConflict)) {
    return { exitCode: exitCodes.failed.code, lines: [...lines, stopped], conflicts: [] };
  }
  const changed = failures.filter(isConflict).map(({ action }) => action ?? command.actions[0]);
  const conflicts = await Promise.all(
    changed
      .filter((action) => action !== undefined)
      .map(async (action) => ({
        id: action.id,
        changes: await changesSince(client, command, action),
      })),
  );
  const told = conflicts.flatMap(({ id, changes }) => [
    `Somebody else changed ${id} meanwhile:`,
    ...changes.map((change) => `  ${change}`),
  ]);
  const next = 'To type: ./prorata plan -f …, to see what differs now; then apply again.';
  return {
    exitCode: exitCodes.conflict.code,
    lines: [...lines, ...told.map(screenText), stopped, next],
    conflicts,
  };
}

function dataOf(planned: Planned, { applied, left }: Application, { conflicts }: Outcome): object {
  return {
    ...planData(planned.plan, planned.checks),
    applied: applied.map((each) => ({
      ...{
        stream: each.command.stream,
        type: each.command.type,
        changes: each.command.actions.length,
      },
      status: each.kind,
      ...(each.kind === 'waits' ? { proposalId: each.proposalId, heldBy: each.heldBy } : {}),
      ...(each.kind === 'done' ? { streamVersion: each.streamVersion } : {}),
      ...(each.kind === 'unknown' ? { commandId: each.commandId } : {}),
      ...(each.kind === 'refused'
        ? {
            failures: each.failures.map(({ code, message, action }) => ({
              code,
              message,
              id: action?.id ?? null,
            })),
          }
        : {}),
    })),
    left: left.length,
    conflicts,
  };
}
