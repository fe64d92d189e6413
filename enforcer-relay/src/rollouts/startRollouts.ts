import { readFile } from 'node:fs/promises';
import { postCommand } from '@prorata/service-runtime';
import type { createLogger, Settings } from '@prorata/service-runtime';
import { HealthBook } from './healthBook.ts';
import { ReportReader } from './reportReader.ts';
import type { ReportReaderParts } from './reportReader.ts';
import { RolloutController } from './rolloutController.ts';
import type { OwnedRollout, RolloutCommand } from './rolloutController.ts';

/** Between two looks, milliseconds: a broken gate is noticed within it, and a look costs microseconds. */
const LOOK_MS = 1_000;
/** How long a command's outcome is waited for, milliseconds; the next look asks again. */
const COMMAND_TIMEOUT_MS = 10_000;

export interface RolloutsParts extends Pick<ReportReaderParts, 'port' | 'codec'> {
  readonly settings: Settings;
  readonly logger: ReturnType<typeof createLogger>;
  readonly rollouts: () => readonly OwnedRollout[];
}

export interface RunningRollouts {
  readonly controller: RolloutController;
  stop(): Promise<void>;
}

/** Without a gateway and a token nobody moves rollouts on but people, and the log says so. */
export function startRollouts(parts: RolloutsParts): RunningRollouts {
  const { port, codec, settings, logger, rollouts } = parts;
  const { namespace } = settings;
  const book = new HealthBook();
  const failed = (error: unknown): void =>
    logger.warn({ err: error }, 'What hosts report could not be read.');
  const taken = book.take.bind(book);
  const reader = new ReportReader({ port, codec, namespace, taken, failed });
  const post = postOf(settings);
  if (post === null) logger.info('No gateway and token are set: people alone move rollouts on.');
  const controller = new RolloutController({
    rollouts,
    book,
    post: post ?? (() => Promise.resolve({ status: 'unknown', code: null, detail: null })),
    now: () => BigInt(Date.now()) * 1_000n,
    told: (rolloutId, what) => logger.info({ rolloutId }, `A rollout ${what}.`),
  });
  let looking: Promise<void> | null = null;
  const look = async (): Promise<void> => {
    try {
      const open = rollouts();
      watchAll(book, open);
      await reader.read(beginOf(open));
      await controller.look();
    } catch (error) {
      logger.warn({ err: error }, 'The rollouts could not be looked at.');
    } finally {
      looking = null;
    }
  };
  const timer = post === null ? null : setInterval(() => void (looking ??= look()), LOOK_MS);
  timer?.unref();
  return {
    controller,
    async stop() {
      if (timer !== null) clearInterval(timer);
      await looking;
      await reader.stop();
    },
  };
}

/** Also those of which nothing is on any more: their hosts are forgotten. */
export function watchAll(book: HealthBook, open: readonly OwnedRollout[]): void {
  const byApplication = Map.groupBy(open, ({ application }) => application);
  for (const application of new Set([...book.applications, ...byApplication.keys()])) {
    const rollouts = (byApplication.get(application) ?? []).map(({ rollout }) => rollout);
    book.watch(application, rollouts);
  }
}

/** By application: since when one of its stages bakes. */
function beginOf(open: readonly OwnedRollout[]): ReadonlyMap<string, bigint> {
  const since = new Map<string, bigint>();
  for (const { application, rollout } of open) {
    const known = since.get(application);
    if (known === undefined || rollout.bakesFrom < known) since.set(application, rollout.bakesFrom);
  }
  return since;
}

function postOf({ urls, tokenFile }: Settings) {
  const gatewayUrl = urls.gateway;
  if (gatewayUrl === null || tokenFile === null) return null;
  return async (command: RolloutCommand) =>
    postCommand({
      ...command,
      gatewayUrl,
      // Read each time: tokens end and are replaced.
      token: (await readFile(tokenFile, 'utf8')).trim(),
      timeoutMs: COMMAND_TIMEOUT_MS,
    });
}
