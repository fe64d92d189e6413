import { CommandError } from '../commandError.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';
import { endOf, limitOf } from './limitOption.ts';
import { sendOne } from './sendOne.ts';

export interface OverrideOptions extends OutputOptions {
  readonly limit?: readonly string[];
  readonly block?: boolean;
  readonly lift?: boolean;
  readonly for?: string;
  readonly until?: string;
  readonly reason: string;
}

/** Puts limits above every other layer until a known end, blocks all of a quota, or ends either. */
export async function override(quotaId: string, options: OverrideOptions): Promise<number> {
  const { limit = [], block = false, lift = false, reason, output } = options;
  if ([limit.length > 0, block, lift].filter(Boolean).length !== 1) {
    throw new CommandError('say one of --limit tokens=90000/s, --block and --lift', 2);
  }
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
  const until = endOf(options);
  if (block) {
    const data = { quotaId, until };
    const done = `${quotaId} is blocked until ${until}; --lift ends it.`;
    return sendOne(client, { type: 'SuspendQuota', stream, data }, sending(done));
  }
  const application = await client.get<Json>(
    `/v1/applications/${encodeURIComponent(quotaId.split('/')[0] ?? '')}`,
  );
  const resources = application['resources'] as readonly Json[];
  const data = { quotaId, until, limits: limit.map((text) => limitOf(text, resources)) };
  const done = `${quotaId} is overridden until ${until}; ./prorata explain ${quotaId} shows it.`;
  return sendOne(client, { type: 'OverrideQuota', stream, data }, sending(done));
}
