import { applicationOf, isQuotaId, isSegment, streamOf } from '@prorata/quota-model';
import { partitionOf } from '@prorata/kafka-port';
import { fullNameOf } from '@prorata/schemas';
import type { Request, Router } from 'express';
import { cursorOf } from '../feed/feedCursor.ts';
import type { FeedRequest } from '../feed/feeds.ts';
import { mustReach, mustReachInto } from './access.ts';
import { Parameters } from './parameters.ts';
import type { ReadModels } from './readModels.ts';

/** `GET /v1/feed`: changes as they happen, and from where a client left. */
export function feedRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/feed', async (request, response) => {
    const { feeds } = models;
    const asked = feedIn(request, feeds.partitions);
    if (request.method === 'HEAD') response.type('text/event-stream').end();
    else await feeds.open(asked, response);
  });
}

function feedIn(request: Request, partitionCount: number): FeedRequest {
  const { reach, principal } = request;
  const names = ['application', 'within', 'owner', 'project', 'type', 'lastEventId'];
  const parameters = new Parameters(request, names);
  const application = parameters.text('application');
  const within = parameters.text('within');
  if (within !== null && !isQuotaId(within) && !isSegment(within)) {
    parameters.report('within', 'must be the id of a quota or of an application');
  }
  const types = parameters.text('type')?.split(',') ?? null;
  if (types !== null && !types.every(isEventType)) {
    parameters.report('type', 'must be types of events, with commas between');
  }
  const partitions = partitionsOf(application ?? within, partitionCount);
  const last = request.get('last-event-id') ?? parameters.text('lastEventId');
  const from = last === null ? null : cursorOf(last, partitions);
  if (last !== null && from === null) {
    parameters.report('lastEventId', 'must be the id of an event of this feed');
  }
  const [owner, project] = [parameters.text('owner'), parameters.text('project')];
  parameters.finish();
  mustReachInto(reach, application);
  if (within !== null) mustReach(reach, within);
  return {
    principal,
    partitions,
    from,
    filter: {
      reach,
      application,
      within,
      owner,
      project,
      types: types === null ? null : new Set(types),
    },
  };
}

function isEventType(type: string): boolean {
  if (!Object.hasOwn(fullNameOf, type)) return false;
  return fullNameOf[type as keyof typeof fullNameOf].startsWith('io.prorata.event.');
}

/** An application's events stand in one partition. */
function partitionsOf(place: string | null, count: number): readonly number[] {
  if (place === null) return Array.from({ length: count }, (_, partition) => partition);
  return [partitionOf(streamOf('application', applicationOf(place)), count)];
}
