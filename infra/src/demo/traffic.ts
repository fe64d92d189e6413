import type { HostProcess } from './hostProcess.ts';
import type { Workload } from './workload.ts';

export interface Traffic {
  stop(): void;
}

/** Time for the messages with a host's share to arrive. */
const LEAD_MS = 200;
/** Requests that wait for an answer, over all hosts; beyond it the load is behind and says so. */
const IN_FLIGHT_MAX = 500;

/** Spreads the requests over the hosts: replayed inside each, or sent to each over HTTP. */
export function startTraffic(
  hosts: readonly HostProcess[],
  workload: Workload,
  replay: boolean,
): Traffic {
  if (!replay) return startHttpTraffic(hosts, workload);
  const startAtMs = Date.now() + LEAD_MS;
  hosts.forEach((host, index) => {
    const share = workload.requests.filter((_, at) => at % hosts.length === index);
    host.replay(share, startAtMs);
  });
  return {
    stop() {
      for (const host of hosts) host.replay([], 0);
    },
  };
}

function startHttpTraffic(hosts: readonly HostProcess[], workload: Workload): Traffic {
  const startedMs = Date.now();
  let next = 0;
  let inFlight = 0;
  const timer = setInterval(() => {
    const nowMs = Date.now() - startedMs;
    for (
      let request = workload.requests[next];
      request !== undefined && request.atMs <= nowMs && inFlight < IN_FLIGHT_MAX;
      request = workload.requests[next]
    ) {
      const host = hosts[next % hosts.length];
      next += 1;
      if (host === undefined) continue;
      inFlight += 1;
      void host.request(request).finally(() => {
        inFlight -= 1;
      });
    }
  }, 5);
  return {
    stop() {
      clearInterval(timer);
    },
  };
}
