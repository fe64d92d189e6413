import { longToJson, timeToJson } from '@prorata/schemas';
import {
  assertTopics,
  connectLog,
  createCodec,
  parseWords,
  printJson,
  readLogSettings,
  runCommand,
  UsageError,
} from '@prorata/service-runtime';
import { AnchorKeys } from './anchorKeys.ts';
import { auditedTopics } from './auditSource.ts';
import type { AuditSource } from './auditSource.ts';
import { CopySource } from './copySource.ts';
import { exportCommand, exportOrder } from './export/exportCommand.ts';
import { KeptAnchors, readAnchors, writeHeads } from './keptAnchors.ts';
import { LogSource } from './logSource.ts';
import { replayCommand } from './replay/replayCommand.ts';
import { reportText } from './reportText.ts';
import type { Checked } from './reportText.ts';
import { verifyLog } from './verifyLog.ts';
import type { BadEvent } from './finding.ts';
import { Progress } from './progress.ts';

const USAGE = `usage: audit verify [--stream S] [--file COPY] [--anchor FILE] [--keys FILE] [--json]
       audit export --to FILE [--format ndjson|parquet] [--what events,refusals,outcomes]
                    [--from TIME] [--until TIME] [--stream S] [--quota Q] [--within PLACE] [--actor A]
       audit anchor --to FILE
       audit replay [--as-of TIME] [--application A] [--json]
       audit search [WORDS] (asks the gateway; audit search --help)

  verify    checks every event against its stream's chain, its command's outcome and the anchors in the log
  export    writes events and outcomes into FILE: a line of JSON each in the log's order, or, where FILE ends in
            .parquet, a table sorted by stream; all filters that are given hold. Without filters, FILE can be verified
  anchor    verifies, then writes the hash of every stream's last event into FILE
  replay    folds the log anew and compares every quota with what the tables tell of that moment (absent: now)
  --anchor  a file or folder of exported anchors, or what audit anchor wrote: what they know must be in the log
  --keys    the public keys of anchors (preset: PRORATA_ANCHOR_PUBLIC_KEYS_FILE); without them no signature is checked
  --what    with commas between; absent: all of it. outcomes: what was accepted, too
  --from    decided then or later (RFC 3339); --until: before. An event dated more than a day after its writing is missed
  --quota   about this quota, and proposals that name it; --within: the same of it and all below, or of an application
  --actor   user:alice, or the subject alone
  --json    verify: one line, {"events","streams","firstBad","anchors","signatures","blind"}
exit 0: nothing wrong; 1: a bad event, or what the tables tell otherwise; 2: it could not be checked, nothing was written
`;

/** Exit code: a bad event was found. */
const BAD_EVENT = 1;

/** There is nothing of this stream to check, and a mistyped name must not look like a chain that holds. */
class StreamUnknown extends Error {
  override readonly name = 'StreamUnknown';
}

const options = {
  help: { type: 'boolean', short: 'h' },
  stream: { type: 'string' },
  file: { type: 'string' },
  anchor: { type: 'string' },
  keys: { type: 'string' },
  to: { type: 'string' },
  format: { type: 'string' },
  what: { type: 'string' },
  from: { type: 'string' },
  until: { type: 'string' },
  quota: { type: 'string' },
  within: { type: 'string' },
  actor: { type: 'string' },
  'as-of': { type: 'string' },
  application: { type: 'string' },
  json: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof parseWords<typeof options>>['values'];

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseWords(args, options);
  const [command, ...more] = positionals;
  if (values.help === true || command === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (more.length > 0) throw new UsageError(`${more.join(' ')} is not expected.`);
  switch (command) {
    case 'verify':
      return verify(values);
    case 'export':
      return exportCommand(exportOrder(values), createCodec(readLogSettings()), withLog);
    case 'anchor':
      return anchor(values);
    case 'replay':
      return replayCommand(values);
    default:
      throw new UsageError(
        command === undefined
          ? 'Which: verify, export, anchor or replay?'
          : `${command} is none of verify, export, anchor, replay (and ./prorata audit search asks the gateway).`,
      );
  }
}

async function verify(values: Values): Promise<number> {
  const report = await check(values);
  if (values.json === true) printJson(jsonOf(report));
  else process.stdout.write(`${reportText(report)}\n`);
  return report.firstBad === null ? 0 : BAD_EVENT;
}

async function anchor(values: Values): Promise<number> {
  const file = target(values);
  const report = await check(values);
  printJson(jsonOf(report));
  if (report.firstBad !== null) return BAD_EVENT;
  await writeHeads(file, report.heads);
  return 0;
}

async function check(values: Values): Promise<Checked> {
  const keysFile = values.keys ?? (process.env['PRORATA_ANCHOR_PUBLIC_KEYS_FILE']?.trim() || null);
  const keys = keysFile === null ? null : await AnchorKeys.from(keysFile);
  const anchors =
    values.anchor === undefined ? new KeptAnchors() : await readAnchors(values.anchor, keys);
  const codec = createCodec(readLogSettings());
  const stream = values.stream ?? null;
  const { file } = values;
  const opened = <T>(work: (source: AuditSource) => Promise<T>): Promise<T> =>
    file === undefined ? withLog(null, work) : work(new CopySource(file, codec));
  const report = await opened(async (source) => {
    const progress = new Progress(source);
    try {
      return await verifyLog(progress, { codec, stream, anchors, keys });
    } finally {
      progress.end();
    }
  });
  if (stream !== null && report.events === 0 && report.firstBad === null) {
    throw new StreamUnknown(`There is no event of a stream ${stream}; nothing was checked.`);
  }
  return { ...report, signatures: keys === null ? 'not checked' : 'checked' };
}

/** @param from microseconds: what was decided before is of no interest; null: all of it is */
async function withLog<T>(
  from: bigint | null,
  work: (source: AuditSource) => Promise<T>,
): Promise<T> {
  const settings = readLogSettings();
  const port = connectLog(settings, 'audit');
  try {
    const admin = await port.admin();
    const partitions = await assertTopics(admin, settings, auditedTopics);
    return await work(new LogSource(port.log, settings.namespace, partitions, from));
  } finally {
    await port.close();
  }
}

function target(values: Values): string {
  if (values.to === undefined) throw new UsageError('--to FILE is missing.');
  return values.to;
}

function jsonOf(report: Checked): object {
  const { events, streams, firstBad, anchors, signatures, blind } = report;
  const since = blind.since === null ? null : timeToJson(blind.since);
  return {
    events,
    streams,
    firstBad: firstBad === null ? null : placeJson(firstBad),
    anchors,
    signatures,
    blind: { events: blind.events, since },
  };
}

function placeJson(firstBad: BadEvent): object {
  const { offset, streamVersion } = firstBad;
  return {
    ...firstBad,
    offset: offset === null ? null : longToJson(offset),
    streamVersion: streamVersion === null ? null : longToJson(streamVersion),
  };
}

runCommand(run, USAGE);
