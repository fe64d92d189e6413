import { readSettings, runService } from '@prorata/service-runtime';
import { readRole } from './readRole.ts';
import { startCommandService } from './startCommandService.ts';

runService('command-service', () =>
  startCommandService(readRole(process.argv.slice(2)), readSettings()),
);
