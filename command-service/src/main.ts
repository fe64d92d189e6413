import { readSettings, runService } from '@prorata/service-runtime';
import { readRole } from './readRole.ts';
import { startCommandService } from './startCommandService.ts';

runService('command-service', () => {
  const settings = readSettings();
  const { snapshotEvents } = settings;
  const options = typeof snapshotEvents === 'number' ? { snapshotEvents } : {};
  return startCommandService(readRole(process.argv.slice(2)), settings, options);
});
