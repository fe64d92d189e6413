import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Problem } from '@prorata/service-runtime';
import { expect } from 'vitest';
import type { TestContext } from 'vitest';
import { createQuota, post, registerApplication } from './commands.ts';
import { eventually } from './runningService.ts';
import { startMemoryService } from './memoryService.ts';
import { fuzz, fuzzerPython } from './schemathesis.ts';
import type { FuzzOptions } from './schemathesis.ts';

type Bounds = Pick<FuzzOptions, 'phases' | 'examples' | 'timeoutMs'>;

/**
 * Stands in for the projector, without which no restoration could be answered: it knows one version of
 * `moka/a`, and nothing else.
 */
async function startVersions(): Promise<{ readonly url: string; readonly server: Server }> {
  const { content } = createQuota('moka/a').data as { content: object };
  const server = createServer(({ url = '' }, response) => {
    if (url === '/v1/quotas/moka%2Fa/versions/1') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ version: 1, content }));
      return;
    }
    const code = url.startsWith('/v1/commands/') ? 'COMMAND_UNKNOWN' : 'VERSION_UNKNOWN';
    response.writeHead(404, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(new Problem(404, code, 'It is not here.').toDocument()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** The gateway and the writer, with an application and a quota in them, under the fuzzer. */
export async function expectNothingFound(context: TestContext, bounds: Bounds): Promise<void> {
  const found = await fuzzerPython();
  if ('missing' in found) {
    context.skip(found.missing);
    return;
  }
  const versions = await startVersions();
  const service = await startMemoryService({ projectorUrl: versions.url });
  try {
    const token = service.secrets.token();
    expect((await post(service.url, token, registerApplication('moka'))).status).toBe(200);
    expect((await post(service.url, token, createQuota('moka/a'))).status).toBe(200);
    // Not ready is said by a 503, which is true and no fault.
    await eventually(
      'the gateway is ready',
      async () => (await fetch(`${service.url}/readyz`)).status === 200,
    );
    const { code, report } = await fuzz({ ...found, ...bounds, url: service.url, token });
    expect(code, report.slice(-20_000)).toBe(0);
    const cases = Number(/(\d+) generated/.exec(report)?.[1] ?? 0);
    expect(cases).toBeGreaterThan(bounds.examples * 10);
  } finally {
    await service.close();
    versions.server.closeAllConnections();
    versions.server.close();
  }
}
