import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { audit } from '../auditCommands.ts';
import { eventsInLog } from '../derivedData.ts';
import type { DemoContext } from '../context.ts';
import type { Step } from '../timeline.ts';

interface Verdict {
  readonly events: number;
  readonly streams: number;
  readonly firstBad: {
    readonly partition: number;
    readonly offset: number;
    readonly problem: string;
  } | null;
}

/** The hash chain verified, and a flipped byte in a copy of the log named. */
export const auditLog: Step<DemoContext> = {
  key: 'audit',
  title: 'the hash chain holds, and a flipped byte in a copy of the log is named',
  async run({ stack, directory }, progress) {
    const inLog = await eventsInLog(stack);
    progress('verifying every event …');
    const whole = await audit(stack, ['verify', '--json']);
    const verdict = verdictIn(whole.stdout);
    const copy = path.join(directory, 'log-copy.ndjson');
    await audit(stack, ['export', '--to', copy]);
    const flipped = await flipOneByte(copy);
    progress('verifying the altered copy …');
    const altered = await audit(stack, ['verify', '--file', copy, '--json']);
    const found = verdictIn(altered.stdout)?.firstBad;
    const named = found?.partition === flipped.partition && found.offset === flipped.offset;
    return {
      held:
        whole.exitCode === 0 &&
        inLog > 0 &&
        verdict?.events === inLog &&
        altered.exitCode === 1 &&
        named,
      lines: [
        `${verdict?.events ?? 0} events in ${verdict?.streams ?? 0} streams: ` +
          (whole.exitCode === 0
            ? 'no break in the chain'
            : `exit ${whole.exitCode} ${whole.stderr}`),
        `a byte of the value at partition ${flipped.partition} offset ${flipped.offset} flipped in a copy: ` +
          (named
            ? `named at partition ${found.partition} offset ${found.offset} (${found.problem})`
            : `not found: ${altered.stdout} ${altered.stderr}`),
      ],
      figures: {
        events: verdict?.events ?? 0,
        streams: verdict?.streams ?? 0,
        verifiedExit: whole.exitCode,
        alteredExit: altered.exitCode,
      },
    };
  },
};

interface CopiedBytes {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Flips the lowest bit of a byte in the middle of an event from the middle of the log. The line's own
 * digest and what it tells in words go too, as they would by a hand that means it: what names the event is the chain.
 */
async function flipOneByte(file: string): Promise<CopiedBytes> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const events = lines.flatMap((line, at) => (isEvent(line) ? [at] : []));
  const at = events[Math.floor(events.length / 2)] ?? 0;
  const { topic, partition, offset, key, headers, ...told } = JSON.parse(
    lines[at] ?? '{}',
  ) as CopiedBytes;
  const value = Buffer.from(told.value, 'base64');
  const middle = Math.floor(value.length / 2);
  value.writeUInt8(value.readUInt8(middle) ^ 1, middle);
  const record = { topic, partition, offset, key, value: value.toString('base64'), headers };
  lines[at] = JSON.stringify(record);
  await writeFile(file, `${lines.join('\n')}\n`);
  return record;
}

const isEvent = (line: string): boolean =>
  (JSON.parse(line) as CopiedBytes).topic.endsWith('quota.events');

function verdictIn(text: string): Verdict | undefined {
  const line = text.trimEnd().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line) as Verdict;
  } catch {
    return undefined;
  }
}
