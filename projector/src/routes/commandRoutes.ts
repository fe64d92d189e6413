import { longToJson } from '@prorata/schemas';
import { outcomeReach, Problem } from '@prorata/service-runtime';
import type { Router } from 'express';
import { indexedText } from '../rows/indexedText.ts';
import { Parameters } from './parameters.ts';
import { projectedTopics } from './readModels.ts';
import type { ReadModels } from './readModels.ts';

interface CommandRow {
  readonly command_id: string;
  readonly command_type: string;
  readonly stream: string;
  readonly actor_kind: string;
  readonly actor_issuer: string;
  readonly actor_subject: string;
  readonly command_offset: string;
  readonly status: string;
  readonly code: string;
  readonly message: string;
  readonly violations: readonly object[];
  readonly dry_run: boolean;
  readonly stream_version: string;
  readonly quota_id: string | null;
  readonly quota_version: string | null;
  readonly event_ids: readonly string[];
  readonly result: string | null;
  readonly decided_at: string;
}

/** A principal's own command first; an overseer sees another's where there is none of his own. */
export function commandRoutes(router: Router, models: ReadModels): void {
  router.get('/v1/commands/:commandId', async (request, response) => {
    new Parameters(request, []).finish();
    const commandId = request.params.commandId.replaceAll('\0', '');
    const { actor } = request.principal;
    const { others, stream } = outcomeReach(request.principal);
    const lag = await models.lag.measure(projectedTopics);
    const { rows } = await models.pool.query<CommandRow>(
      `SELECT * FROM commands
       WHERE command_id = $1 AND ($5 OR (actor_kind, actor_issuer, actor_subject) = ($2, $3, $4))
         AND ($6::text IS NULL OR stream = $6)
       ORDER BY (actor_kind, actor_issuer, actor_subject) = ($2, $3, $4) DESC, decided_at DESC, stream
       LIMIT 1`,
      [
        indexedText(commandId),
        actor.kind,
        indexedText(actor.issuer),
        indexedText(actor.subject),
        others,
        stream,
      ],
    );
    const [row] = rows;
    if (row === undefined) {
      throw new Problem(404, 'COMMAND_UNKNOWN', `No outcome of ${commandId} is known here.`, {
        extensions: { lag: lag === null ? null : longToJson(lag) },
      });
    }
    response.json({ ...outcomeJson(row), lag });
  });
}

/** As the gateway answers a command: the members of CommandOutcome. */
function outcomeJson(row: CommandRow): object {
  return {
    commandId: row.command_id,
    commandType: row.command_type,
    stream: row.stream,
    actor: { kind: row.actor_kind, issuer: row.actor_issuer, subject: row.actor_subject },
    commandOffset: BigInt(row.command_offset),
    status: row.status,
    code: row.code,
    message: row.message,
    violations: row.violations,
    dryRun: row.dry_run,
    streamVersion: BigInt(row.stream_version),
    quotaId: row.quota_id,
    quotaVersion: row.quota_version === null ? null : BigInt(row.quota_version),
    eventIds: row.event_ids,
    result: row.result,
    decidedAt: row.decided_at,
  };
}
