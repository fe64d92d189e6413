import { Agent as HttpAgent } from 'node:http';
import type { Agent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

/** Event streams to one service behind: each holds a connection as long as its host listens. */
const STREAMS_MAX = 4_096;
/** Requests under way at one service behind; more would only wait in its own queues. */
const EXCHANGES_MAX = 512;

/** Connections to the services behind: streams cannot use up what reads and uploads need. */
export class ProxyPools {
  readonly #streams = poolsOf(STREAMS_MAX);
  readonly #exchanges = poolsOf(EXCHANGES_MAX);

  agentFor(protocol: string, isStream: boolean): Agent {
    const pools = isStream ? this.#streams : this.#exchanges;
    return protocol === 'https:' ? pools.https : pools.http;
  }

  close(): void {
    for (const { http, https } of [this.#streams, this.#exchanges]) {
      http.destroy();
      https.destroy();
    }
  }
}

function poolsOf(maxSockets: number): { readonly http: HttpAgent; readonly https: HttpsAgent } {
  const options = { keepAlive: true, maxSockets };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}
