import type { Pool } from 'pg';
import type { LagMeter } from '../lag/lagMeter.ts';

/** What every query stands on. Lag is measured before the tables are read, so it is never too small. */
export interface ReadModels {
  readonly pool: Pool;
  readonly lag: LagMeter;
}
