import { readSettings, runService } from '@prorata/service-runtime';
import { readParts } from './service/readParts.ts';
import { startRightsizer } from './service/startRightsizer.ts';

runService('rightsizer', () => startRightsizer(readParts(process.argv.slice(2)), readSettings()));
