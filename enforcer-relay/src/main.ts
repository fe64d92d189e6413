import { readSettings, runService } from '@prorata/service-runtime';
import { startRelay } from './startRelay.ts';

runService('enforcer-relay', () => startRelay(readSettings()));
