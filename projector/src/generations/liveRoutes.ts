import { Problem } from '@prorata/service-runtime';
import { Router } from 'express';
import type { ReadModels } from '../routes/readModels.ts';
import type { LiveTables } from './liveTables.ts';

/** Seconds after which to ask again while there is nothing to answer from: a small log has been replayed. */
const RETRY_AFTER_SECONDS = 5;

/**
 * Registers every route once, and hands each request to the routes over the copies that are live when
 * it begins.
 */
export function liveRoutes(
  router: Router,
  tables: LiveTables,
  routes: (router: Router, models: ReadModels) => void,
): void {
  const nothing = Router();
  routes(nothing, nothingLive);
  for (const { route } of nothing.stack) {
    if (route === undefined) continue;
    if (route.stack.some(({ method }) => method !== 'get')) {
      throw new TypeError(`${route.path} does more than read.`);
    }
    router.get(route.path, (request, response, next) => {
      const live = tables.live;
      if (live === null) response.setHeader('retry-after', String(RETRY_AFTER_SECONDS));
      (live?.router ?? nothing)(request, response, next);
    });
  }
}

const nothingLive: ReadModels = {
  get pool(): never {
    throw unavailable();
  },
  get searches(): never {
    throw unavailable();
  },
  get lag(): never {
    throw unavailable();
  },
  get heads(): never {
    throw unavailable();
  },
  get feeds(): never {
    throw unavailable();
  },
};

function unavailable(): Problem {
  return new Problem(
    503,
    'READ_MODELS_REBUILDING',
    'The tables that this version answers from are being filled.',
  );
}
