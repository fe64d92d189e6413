import { expect } from 'vitest';
import type { TestContext } from 'vitest';
import { createQuota, post, registerApplication } from './commands.ts';
import { eventually } from './runningService.ts';
import { startMemoryService } from './memoryService.ts';
import { fuzz, fuzzerPython } from './schemathesis.ts';
import type { FuzzOptions } from './schemathesis.ts';

type Bounds = Pick<FuzzOptions, 'phases' | 'examples' | 'timeoutMs'>;

/** The gateway and the writer, with an application and a quota in them, under the fuzzer. */
export async function expectNothingFound(context: TestContext, bounds: Bounds): Promise<void> {
  const found = await fuzzerPython();
  if ('missing' in found) {
    context.skip(found.missing);
    return;
  }
  const service = await startMemoryService();
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
  }
}
