import * as tables from '../database/tables.ts';
import { APPLICATION, OF_APPLICATION, provenance, RESOURCE, viewOf } from './auditorView.ts';

export const registrationHistory = viewOf(tables.registrationHistory, {
  about: 'What each registration of an application declared.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    since: 'The version of its stream that began it.',
    since_time: 'When.',
    version: "The registration's version.",
    resources: 'Name, unit, kind and total of each resource.',
  },
});

export const applications = viewOf(tables.applications, {
  about: 'Registered applications.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    display_name: 'A name for people.',
    levels: "Names of the tree's levels, outermost first.",
    resources: 'Name, unit, kind and total of each resource.',
    default_mode: 'Of quotas that do not say: `off`, `shadow` or `enforce`.',
    default_on_stale: 'What hosts do when rules are stale and a quota does not say.',
    robot_changes: "Whether a robot's resize applies itself or waits for approval.",
    proposal_lifetime_micros: 'How long a proposal waits before it expires, microseconds.',
    version: "The registration's version.",
    attributes_schema: "JSON Schema of quotas' attributes; null: any object.",
    rules: 'Rules of the application.',
    validators: 'Services that are asked before a command is let in.',
    rightsizing: 'Bounds of the rightsizer where a quota gives none.',
    change_policy: 'How far one change may go without somebody else.',
    dispatchers: 'Targets that its limits are written to, beside hosts.',
    ...provenance,
    robot_rollout:
      "Stages and gate by which a robot's resize reaches hosts; null: it holds at once.",
  },
});

export const entitlements = viewOf(tables.entitlements, {
  about: 'How much of a resource a project may hold in quotas.',
  stream: OF_APPLICATION,
  columns: {
    application: APPLICATION,
    project: 'Who holds it, <organization>/<project>.',
    resource: RESOURCE,
    bound: '`amount`, `unlimited` or `blocked`.',
    amount: 'Base units, of a rate per second; null unless `bound` is `amount`.',
    source: 'The allocation that it comes from; null: it was set by hand.',
    ...provenance,
  },
});

export const proposals = viewOf(tables.proposals, {
  about: 'Proposals, and what became of them.',
  stream: OF_APPLICATION,
  columns: {
    proposal_id: 'The proposal.',
    application: APPLICATION,
    quota_id: 'The quota; of steps in a tree, the part that they lie in.',
    status: '`open`, `approved`, `rejected`, `expired` or `withdrawn`.',
    steps: 'What it would do where it is more than limits of one quota.',
    limits: 'Limits that it would set.',
    unset_limits: 'Limits that it would unset.',
    evidence: 'What it stands on; null: a person asks.',
    origin: 'What it came from: a robot, or a request.',
    opened_at: 'When it was proposed.',
    opened_by: 'By whom.',
    reason: 'Why.',
    command_id: 'The command; null: a timer did it.',
    expires_at: 'When it ends by itself.',
    closed_at: 'When it was decided; null: it is open.',
    closed_by: 'By whom.',
    closed_reason: 'Why.',
    stream_version: 'The last event about it.',
  },
});

export const rollouts = viewOf(tables.rollouts, {
  about: 'Changes that reach hosts in stages, and what became of them.',
  stream: OF_APPLICATION,
  columns: {
    rollout_id: 'The rollout.',
    application: APPLICATION,
    quota_id: 'The quota, or the application, at or above all that it changes.',
    quotas: 'The ids of the quotas that it changes.',
    status: '`on`, `paused`, `promoted` or `rolled_back`.',
    stage: 'The stage that is on, or was last, counted from 0.',
    stages: 'Whom each stage adds, and how long it bakes.',
    entered: 'When each stage began, what led to it, and on what evidence.',
    gate: 'What hosts must report; null: the bake times alone decide.',
    steps: 'What it changes.',
    baked_at: 'When the stage has baked, or had.',
    started_at: 'When it started.',
    started_by: 'By whom.',
    reason: 'Why.',
    command_id: 'The command.',
    ending: 'What led to its end, and on what evidence; null: it is on.',
    changed_at: 'When its last step was taken.',
    changed_by: 'By whom.',
    changed_reason: 'Why.',
    stream_version: 'The last event about it.',
  },
});
