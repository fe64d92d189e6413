import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { countText } from '../output/countText.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import { tableLines } from '../output/table.ts';
import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';

export interface HostsOptions extends OutputOptions {
  readonly state?: string;
  readonly zone?: string;
  readonly behind?: boolean;
}

/** Which hosts there are, and which version of the rules each has applied. */
export async function hosts(
  application: string | undefined,
  options: HostsOptions,
): Promise<number> {
  const { state, zone, behind } = options;
  const client = await connected();
  const query = { application, state, zone, behind: behind === true ? 'true' : undefined };
  const rows = await withProgress('reading hosts', (progress) =>
    client.all('/v1/hosts', 'hosts', query, (count) => progress.say(`reading hosts: ${count}`)),
  );
  // Of a mistyped name there is nothing: that is no answer.
  if (rows.length === 0 && application !== undefined) {
    await client.get(`/v1/applications/${encodeURIComponent(application)}`);
  }
  await answerAs(options.output, rows, () => hostLines(rows));
  return 0;
}

const columns: Readonly<Record<string, (row: Json) => string>> = {
  host: (row) => textIn(row, 'hostId'),
  application: (row) => textIn(row, 'application'),
  zone: (row) => textIn(row, 'zone') || '-',
  state: (row) => textIn(row, 'state'),
  desired: (row) => textIn(row, 'desiredOffset') || '-',
  delivered: (row) => textIn(row, 'deliveredOffset') || '-',
  applied: (row) => textIn(row, 'appliedOffset'),
  'behind since': (row) => textIn(row, 'behindSince') || '-',
  from: (row) => textIn(row, 'source'),
  heard: (row) => textIn(row, 'heardAt'),
};

/** A table, what it adds up to, and what to type next where something is wrong. */
export function hostLines(rows: readonly Json[]): readonly string[] {
  if (rows.length === 0) return ['No such host has reported within a day.'];
  const cells = rows.map((row) => Object.values(columns).map((textOf) => textOf(row)));
  return [...tableLines(Object.keys(columns), cells), '', sumOf(rows), ...nextSteps(rows)];
}

function sumOf(rows: readonly Json[]): string {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const state = textIn(row, 'state');
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  const parts = [...counts].map(([state, count]) => `${count} ${state}`);
  return `${countText(rows.length, 'host')}: ${parts.join(', ')}`;
}

/** One step for each kind of trouble, whichever host has it. */
function nextSteps(rows: readonly Json[]): readonly string[] {
  const ofState = (...states: readonly string[]): Json | undefined =>
    rows.find((row) => states.includes(textIn(row, 'state')));
  const late = ofState('drifted', 'behind');
  const refusing = ofState('refused');
  const silent = ofState('silent');
  const stray = ofState('unregistered');
  return [
    ...(late === undefined ? [] : [lateStep(late)]),
    ...(refusing === undefined
      ? []
      : [
          `${idOf(refusing)} could not take ${textIn(refusing, 'rejectedRules')} of its rules; the last good ones hold. ` +
            `What they are: GET /v1/rules/${textIn(refusing, 'application')}; its SDK: ${textIn(refusing, 'sdkVersion')}`,
        ]),
    ...(silent === undefined
      ? []
      : [`${idOf(silent)} says nothing any more: if it runs, it decides by the rules that it has`]),
    ...(stray === undefined
      ? []
      : [
          `Nobody has registered ${textIn(stray, 'application')}, which ${idOf(stray)} names: ./prorata get applications`,
        ]),
  ].map(screenText);
}

/** Whether the relay or the host lacks what changed. */
function lateStep(row: Json): string {
  const [desired, delivered] = [textIn(row, 'desiredOffset'), textIn(row, 'deliveredOffset')];
  const application = textIn(row, 'application');
  return delivered === '' || BigInt(delivered) < BigInt(desired)
    ? `The relay has not brought the rules of ${application} up to event ${desired} yet: ./prorata status`
    : `${idOf(row)} has been sent what it lacks: its own log, or \`host.status()\`, says why it has not applied it`;
}

const idOf = (row: Json): string => textIn(row, 'hostId');
