/**
 * A peer's process: `emmettServer.ts PORT`, with DATABASE_URL. The same Express, and behind it Emmett's
 * command handler on its Postgres event store: the quota's stream is read, a change is decided on its
 * state, and the event is appended with the stream's expected version.
 */
import { CommandHandler } from '@event-driven-io/emmett';
import type { Event } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import express from 'express';
import { READY_SIGN } from './readySign.ts';

type QuotaChanged = Event<
  'QuotaChanged',
  { readonly commandId: string; readonly reason: string; readonly limits: readonly unknown[] }
>;

interface Quota {
  readonly version: number;
  readonly limits: readonly unknown[];
}

interface ChangeRequest {
  readonly reason: string;
  readonly data: { readonly quotaId: string; readonly setLimits: readonly unknown[] };
}

const store = getPostgreSQLEventStore(process.env['DATABASE_URL'] ?? '');
await store.schema.migrate();
const handle = CommandHandler<Quota, QuotaChanged>({
  initialState: () => ({ version: 0, limits: [] }),
  evolve: (quota, { data }) => ({ version: quota.version + 1, limits: data.limits }),
});

const app = express();
app.disable('x-powered-by');
app.use(express.json());
app.post('/v1/commands', async (request, response) => {
  const commandId = request.get('idempotency-key') ?? '';
  const { reason, data } = request.body as ChangeRequest;
  const result = await handle(store, data.quotaId, (quota): QuotaChanged[] =>
    JSON.stringify(quota.limits) === JSON.stringify(data.setLimits)
      ? []
      : [{ type: 'QuotaChanged', data: { commandId, reason, limits: data.setLimits } }],
  );
  const quotaVersion = Number(result.nextExpectedStreamVersion);
  response.json({ commandId, status: 'accepted', code: 'ACCEPTED', quotaVersion });
});
app.listen(Number(process.argv[2]), '127.0.0.1', () => process.stdout.write(`${READY_SIGN}\n`));
