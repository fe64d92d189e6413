import { fastifyQuota, quotaOf } from '@prorata/host-sdk/fastify';
import type { Host } from '@prorata/host-sdk';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';

export async function fastifyExample(host: Host): Promise<FastifyInstance> {
  // #region example
  const app = fastify();
  await app.register(
    fastifyQuota({
      host,
      quota: host.bind({ quota: 'moka/prod/ads' }),
      resource: 'tokens',
      permits: 'requests',
      maxDelayMs: 500,
    }),
  );
  app.get('/', (request) => quotaOf(request)?.tag ?? 'in full');
  // #endregion example
  return app;
}
