import { quotaFetch, QuotaRefused } from '@prorata/host-sdk/fetch';
import type { Host } from '@prorata/host-sdk';

export async function fetchExample(host: Host, url: string): Promise<string[]> {
  // #region example
  const quota = host.bind({ quota: 'moka/prod/ads' });
  const fetchWithin = quotaFetch({ host, quota, resource: 'tokens', permits: 'requests' });
  const answers: string[] = [];
  for (let call = 0; call < 3; call += 1) {
    try {
      answers.push(await (await fetchWithin(url)).text());
    } catch (error) {
      if (!(error instanceof QuotaRefused)) throw error;
      answers.push(`${error.code}: again in ${error.retryAfterMs} ms`);
    }
  }
  // #endregion example
  return answers;
}
