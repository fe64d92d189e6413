import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from '@prorata/host-sdk/prometheus';
import type { Host } from '@prorata/host-sdk';

export function prometheusExample(host: Host): Server {
  // #region example
  const server = createServer((_request, response) => {
    response.setHeader('content-type', PROMETHEUS_CONTENT_TYPE);
    response.end(prometheusText(host));
  });
  // with prom-client: registerHost(host, registry); with OpenTelemetry: observeHost(host, meter)
  // #endregion example
  return server;
}
