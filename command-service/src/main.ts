import { createLogger, readSettings, runService } from '@prorata/service-runtime';
import { readArguments } from './readArguments.ts';
import { startCommandService } from './startCommandService.ts';
import type { RunningCommandService } from './startCommandService.ts';
import { startWatchdog } from './watchdog/watchdog.ts';

runService('command-service', async () => {
  const { role, options } = readArguments(process.argv.slice(2));
  const settings = readSettings();
  let service: RunningCommandService | null = null;
  const { stallMs } = options;
  startWatchdog({
    name: 'command-service',
    logger: createLogger('command-service', settings.logLevel),
    pulses: () => service?.pulses() ?? [],
    ...(stallMs === undefined ? {} : { stallMs }),
  });
  service = await startCommandService(role, settings, options);
  return service;
});
