import { CommandError } from '../commandError.ts';
import type { SentCommand } from '../gateway/gatewayClient.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';
import { limitsInKind } from './limitKinds.ts';
import { endOf, typedLimit } from './limitOption.ts';
import { sendOne } from './sendOne.ts';

export interface OverrideOptions extends OutputOptions {
  readonly limit?: readonly string[];
  readonly block?: boolean;
  readonly lift?: boolean;
  readonly for?: string;
  readonly until?: string;
  readonly reason: string;
}

/**
 * Puts limits above every other layer until a known end, blocks all of a quota, or ends either. Gateway and writer
 * are enough for it: in a fire the read side may be away.
 */
export async function override(quotaId: string, options: OverrideOptions): Promise<number> {
  const { limit = [], block = false, lift = false, reason, output } = options;
  if ([limit.length > 0, block, lift].filter(Boolean).length !== 1) {
    throw new CommandError('say one of --limit tokens=90000/s, --block and --lift', 2);
  }
  // What was typed wrong is told where there is no gateway, too.
  const until = lift ? '' : endOf(options);
  const client = await connected();
  const stream = `application:${quotaId.split('/')[0] ?? ''}`;
  const sending = (done: string) => ({ reason, output, done });
  if (lift) {
    const data = { quotaId };
    return sendOne(
      client,
      { type: 'LiftOverride', stream, data },
      sending(`${quotaId}: the override is lifted.`),
    );
  }
  if (block) {
    const data = { quotaId, until };
    const done = `${quotaId} is blocked until ${until}; --lift ends it.`;
    return sendOne(client, { type: 'SuspendQuota', stream, data }, sending(done));
  }
  const overriding = (limits: readonly Json[]): SentCommand => {
    const data = { quotaId, until, limits };
    return { type: 'OverrideQuota', stream, data };
  };
  const limits = await limitsInKind(
    limit.map(typedLimit),
    (each) => overriding([each]),
    (commands) => client.tryDry(commands, reason),
  );
  const done = `${quotaId} is overridden until ${until}; ./prorata explain ${quotaId} shows it.`;
  return sendOne(client, overriding(limits), sending(done));
}
