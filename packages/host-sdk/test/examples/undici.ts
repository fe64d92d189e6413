import { quotaInterceptor } from '@prorata/host-sdk/undici';
import type { Host } from '@prorata/host-sdk';
import { Agent, request } from 'undici';

export async function undiciExample(host: Host, url: string): Promise<string> {
  // #region example
  const limit = quotaInterceptor({
    host,
    quota: host.bind({ quota: 'moka/prod/ads' }),
    resource: 'tokens',
    permits: 'requests',
    maxDelayMs: 2_000,
  });
  const dispatcher = new Agent().compose(limit);
  const { body } = await request(url, { dispatcher }); // fails with QuotaRefused where there is no room
  const text = await body.text();
  // #endregion example
  await dispatcher.close();
  return text;
}
