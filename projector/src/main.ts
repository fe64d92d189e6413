import { readSettings, runService } from '@prorata/service-runtime';
import { startProjector } from './startProjector.ts';

runService('projector', () => startProjector(readSettings()));
