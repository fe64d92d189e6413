import { expressQuota } from '@prorata/host-sdk/express';
import type { QuotaOfRequest } from '@prorata/host-sdk/express';
import type { Host } from '@prorata/host-sdk';
import express from 'express';

export function expressExample(host: Host): express.Express {
  // #region example
  const app = express();
  app.use(
    expressQuota<express.Request>({
      host,
      quota: (request) => ({ caller: request.get('x-caller') ?? 'unknown' }), // or host.bind({ quota })
      resource: 'tokens',
      cost: (request) => Number(request.query['tokens'] ?? 1),
      permits: 'requests',
    }),
  );
  app.get('/', (_request, response) => {
    const { tag } = response.locals['quota'] as QuotaOfRequest;
    response.send(tag === null ? 'in full' : `in the form ${tag}`);
  });
  // #endregion example
  return app;
}
