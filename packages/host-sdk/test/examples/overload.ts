import { overloadGate } from '@prorata/host-sdk/overload';
import { startHost } from '@prorata/host-sdk';
import type { Host, HostOptions } from '@prorata/host-sdk';

export async function overloadExample(
  options: HostOptions,
  serve: () => Promise<string>,
): Promise<{ host: Host; handle: () => Promise<string> }> {
  // #region example
  const host = await startHost({ ...options, overload: overloadGate() });
  const handle = async (): Promise<string> => {
    using admission = host.admit({ tier: 1, caller: 'ads-web' });
    if (admission === null) return `busy: ${host.last.reason}`;
    const answer = await serve();
    admission.release('ok'); // without it, as when `serve` throws, nothing is learned of the request
    return answer;
  };
  // #endregion example
  return { host, handle };
}
