import { MISSED_REPORTS, TARGET_SILENT_MICROS } from './reportOrder.ts';

/** What has not applied a change so long after its decision has drifted: four heartbeats of a host. */
export const DRIFT_AFTER_SECONDS = 60;

export const hostStates = [
  'current',
  'behind',
  'drifted',
  'refused',
  'silent',
  'unregistered',
] as const;
export const targetStates = [
  'current',
  'behind',
  'drifted',
  'refused',
  'unreachable',
  'silent',
] as const;
export type TargetState = (typeof targetStates)[number];

/** What a topic of reports no longer keeps is forgotten, also where nothing has come since to take its row away. */
const IS_KNOWN = `heard_at > now() - interval '1 day'`;

/** The newest change of an application `a` that should have been applied by now. */
const DUE = `SELECT c.event_offset AS due FROM rule_changes AS c
  WHERE c.application = a.application AND c.decided_at < now() - interval '${DRIFT_AFTER_SECONDS} seconds'
  ORDER BY c.event_offset DESC LIMIT 1`;

/**
 * Of each application: `desired`, the newest event that changed its rules, and `due`, the newest of those that should
 * have been applied by now. Both follow from the log alone: what the relay says that it wrote is shown beside them, and
 * lowers neither, for it comes by a topic that hosts write to. Each is one look into an index.
 */
const headsOf = (condition: string): string => `
  heads AS MATERIALIZED (
    SELECT a.application, d.delivered_offset, newest.desired, past.due
    FROM applications AS a
    CROSS JOIN LATERAL (SELECT c.event_offset AS desired FROM rule_changes AS c
      WHERE c.application = a.application ORDER BY c.event_offset DESC LIMIT 1) AS newest
    LEFT JOIN deliveries AS d ON d.application = a.application
    LEFT JOIN LATERAL (${DUE}) AS past ON true
    WHERE ${condition}
  )`;

/**
 * Every host that has not left with what it should have, what it has and its state: common tables, the last of which is `seen`.
 * @param application the placeholder of the one application that is asked about; null: all are
 */
export function hostsSeen(application: string | null): string {
  const only = (table: string): string =>
    application === null ? 'true' : `${table}.application = ${application}`;
  return `WITH ${headsOf(only('a'))}, seen AS (
  SELECT h.*, heads.desired, heads.delivered_offset,
    CASE
      WHEN h.heard_at < now() - ${MISSED_REPORTS} * h.interval_ms * interval '1 millisecond' THEN 'silent'
      WHEN heads.desired IS NULL THEN 'unregistered'
      WHEN h.rejected_rules > 0 THEN 'refused'
      WHEN h.applied_offset >= heads.desired THEN 'current'
      WHEN h.applied_offset < heads.due THEN 'drifted'
      ELSE 'behind'
    END AS state,
    (SELECT c.decided_at FROM rule_changes AS c WHERE c.application = h.application
     AND c.event_offset > h.applied_offset
     ORDER BY c.event_offset LIMIT 1) AS behind_since
  FROM hosts AS h LEFT JOIN heads USING (application)
  WHERE h.${IS_KNOWN} AND NOT h.leaving AND ${only('h')})`;
}

/**
 * Every dispatcher that a registration names, reported of or not. What a dispatcher says of its target is believed for
 * as long as it speaks, but that all is well while its relay does not go on with the events.
 */
export const TARGETS_SEEN = `WITH seen AS (
  SELECT a.application, r.name AS dispatcher, r.kind, r.target, t.desired_offset, t.delivered_offset, t.applied_offset,
    t.checksum, t.problem, t.since, t.reported_at, t.heard_at,
    CASE
      WHEN t.heard_at IS NULL OR t.heard_at < now() - ${TARGET_SILENT_MICROS} * interval '1 microsecond' THEN 'silent'
      WHEN t.state IN ('drifted', 'refused', 'unreachable') THEN t.state
      WHEN t.state = 'pending' AND t.since < now() - interval '${DRIFT_AFTER_SECONDS} seconds' THEN 'drifted'
      WHEN d.accounted_to < past.due THEN 'drifted'
      WHEN t.state = 'applied' AND t.applied_offset >= t.desired_offset THEN 'current'
      ELSE 'behind'
    END AS state
  FROM applications AS a
  CROSS JOIN LATERAL jsonb_to_recordset(a.dispatchers) AS r (name text, kind text, target text)
  LEFT JOIN targets AS t ON t.application = a.application AND t.dispatcher = r.name AND t.${IS_KNOWN}
  LEFT JOIN deliveries AS d ON d.application = a.application
  LEFT JOIN LATERAL (${DUE}) AS past ON true)`;
