import { isAdmitted, startHost } from '@prorata/host-sdk';
import type { HostOptions } from '@prorata/host-sdk';

type Connections = Pick<HostOptions, 'rules' | 'usage'>;

/** What the README shows; a test runs it. */
export async function example(directory: string, connections: Connections): Promise<string[]> {
  // #region example
  // rules: kafkaRules({ port, codec }) or httpRules({ url, token }); usage: kafkaUsage or httpUsage
  const host = await startHost({ application: 'moka', directory, ...connections });
  const ads = host.bind({ quota: 'moka/prod/ads' }); // or by attributes: { caller: 'ads-web' }
  const answers: string[] = [];
  for (const tokens of [600, 600]) {
    if (isAdmitted(ads.take('tokens', tokens))) answers.push('served');
    else answers.push(`busy: again in ${Math.ceil(host.last.retryAfterMicros / 1000)} ms`);
  }
  await host.stop();
  // #endregion example
  return answers;
}
