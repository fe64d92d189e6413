import { inNamespace, longToJson } from '@prorata/schemas';
import {
  assertTopics,
  connectLog,
  countText,
  createCodec,
  printJson,
} from '@prorata/service-runtime';
import { tableLines } from '../query/answerText.ts';
import { judgeRecord } from '../sink/judgeRecord.ts';
import type { Difference } from '../verify/difference.ts';
import { verifyLedgers } from '../verify/verifyLedgers.ts';
import { verifyUsage } from '../verify/verifyUsage.ts';
import type { UsageVerified } from '../verify/verifyUsage.ts';
import { foldedView } from './foldedView.ts';
import { withUsagePlace } from './usagePlace.ts';

/** Exit code: a difference was found. */
const DIFFERENT = 1;

export async function verifyCommand(words: {
  readonly json?: boolean | undefined;
}): Promise<number> {
  const verified = await readAndVerify();
  if (verified === null) throw new Error('The usage table has nothing yet.');
  if (words.json === true) printJson(verifiedJson(verified));
  else process.stdout.write(`${verifiedLines(verified).join('\n')}\n`);
  return verified.firstDifference === null ? 0 : DIFFERENT;
}

function readAndVerify(): Promise<UsageVerified | null> {
  return withUsagePlace(async ({ settings, places, reader }) => {
    const port = connectLog(settings, 'usage');
    try {
      const admin = await port.admin();
      const partitions = await assertTopics(admin, settings, ['quota.events', 'usage.events']);
      await admin.close();
      const codec = createCodec(settings);
      const events = inNamespace('quota.events', settings.namespace);
      return await verifyUsage({
        log: port.log,
        judge: async (record) => {
          const judged = await judgeRecord(codec, record);
          if (judged.kind === 'duplicate') throw new TypeError('judged by more than the record');
          return judged;
        },
        reader,
        storage: places.storage,
        topic: inNamespace('usage.events', settings.namespace),
        partitions,
        async ledger(usage) {
          const { ledger } = await foldedView(port, codec, events, partitions);
          return verifyLedgers(usage, ledger, BigInt(Date.now()) * 1_000n);
        },
      });
    } finally {
      await port.close();
    }
  });
}

function verifiedLines(verified: UsageVerified): string[] {
  const { usageFiles, quarantineFiles, partitions, imports, ledgers, firstDifference } = verified;
  return [
    `version ${verified.version}, snapshot ${verified.snapshotId}`,
    `usage: ${countText(usageFiles.files, 'file')} with ${countText(usageFiles.rows, 'row')}; ` +
      `quarantine: ${countText(quarantineFiles.files, 'file')} with ${countText(quarantineFiles.rows, 'row')}`,
    ...tableLines(
      [
        'partition',
        'from',
        'to',
        'records',
        'counted',
        'duplicates',
        'quarantined',
        'not comparable',
      ],
      partitions.map(({ partition, from, to, blindRows, found }) =>
        [
          partition,
          from,
          to,
          found.records,
          found.counted,
          found.duplicates,
          found.quarantined,
          `${blindRows} rows`,
        ].map(String),
      ),
    ),
    ...(imports === null ? [] : [`imports: ${imports.sources} with ${imports.rows} rows`]),
    ...ledgers.map(
      ({ priceBook, organization, lines, cost }) =>
        `ledger of ${organization ?? 'nobody'} by ${priceBook}: ${countText(lines, 'line')}, ${cost}`,
    ),
    firstDifference === null
      ? 'Topic, table and ledger agree.'
      : `The first difference: ${differenceText(firstDifference)}`,
  ];
}

const differenceText = ({ code, place, offset, detail }: Difference): string =>
  `${code} at ${place}${offset === null ? '' : `, offset ${offset}`}: ${detail}`;

function verifiedJson({ partitions, imports, firstDifference, ...rest }: UsageVerified): object {
  return {
    ...rest,
    snapshotId: longToJson(rest.snapshotId),
    usageFiles: filesJson(rest.usageFiles),
    quarantineFiles: filesJson(rest.quarantineFiles),
    partitions: partitions.map(({ partition, from, to, blindRows, found }) => ({
      partition,
      from: longToJson(from),
      to: longToJson(to),
      blindRows: longToJson(blindRows),
      ...found,
      used: Object.fromEntries([...found.used].map(([key, sum]) => [key, longToJson(sum)])),
      reasons: Object.fromEntries(found.reasons),
    })),
    imports: imports && { sources: imports.sources, rows: longToJson(imports.rows) },
    firstDifference: firstDifference && {
      ...firstDifference,
      offset: firstDifference.offset === null ? null : longToJson(firstDifference.offset),
    },
  };
}

const filesJson = ({ files, rows, bytes }: UsageVerified['usageFiles']): object => ({
  files,
  rows,
  bytes,
});
