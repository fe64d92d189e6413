import { readSettings, runService } from '@prorata/service-runtime';
import { readArguments } from './readArguments.ts';
import { startCommandService } from './startCommandService.ts';

runService('command-service', () => {
  const { role, options } = readArguments(process.argv.slice(2));
  return startCommandService(role, readSettings(), options);
});
