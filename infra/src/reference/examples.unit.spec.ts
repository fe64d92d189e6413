import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseStream } from '@prorata/quota-model';
import type { Decision } from '@prorata/quota-model';
import { TestStream, ana, ben, rightsizer } from '@prorata/quota-model/testing';
import type { CommandBody } from '@prorata/quota-model/testing';
import { fromJson, fullNameOf } from '@prorata/schemas';
import type { CommandMessage } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { commandRoles } from '../../../command-service/src/gateway/commandRoles.ts';
import { readExample, referenceDirectory } from './examples.ts';
import { commandTypes, limitExamples, streamFormOf } from './renderCommands.ts';

type Type = CommandMessage['type'];

/** The examples in the order in which they make a story; RejectProposal needs a proposal of its own. */
const story: readonly Type[] = [
  'DefinePriceBook',
  'PublishTierPolicy',
  'RegisterOrganization',
  'DefineTeam',
  'DefineProject',
  'DefineBudget',
  'RegisterApplication',
  'SetEntitlement',
  'CreateQuota',
  'ChangeQuota',
  'OverrideQuota',
  'LiftOverride',
  'ResizeQuota',
  'RejectProposal',
  'ResizeQuota',
  'WithdrawProposal',
  'ResizeQuota',
  'ApproveProposal',
  'RequestIncrease',
  'RestoreQuota',
  'SuspendQuota',
  'ResumeQuota',
  'TransferQuota',
  'AllocateEntitlement',
  'CompleteAllocation',
  'BeginCut',
  'ApplyHaircut',
  'CompleteCut',
  'GrantCredit',
  'WithdrawCredit',
  'ClosePeriod',
  'LiftHaircut',
  'ChangeTree',
  'MoveQuota',
  'DeleteQuota',
  'DeclareQuota',
  'StartRollout',
  'RollBackRollout',
  'StartRollout',
  'PauseRollout',
  'ResumeRollout',
  'AdvanceRollout',
  'PromoteRollout',
  'RecordThreshold',
  'OverrideBudget',
  'LiftBudgetOverride',
  'RehearseCut',
  'RetireBudget',
  'RetireProject',
  'RetireTeam',
  'RecordRehearsal',
];

/** The gateway's envelope, so that only the example's own fields are judged. */
const envelope = {
  commandId: '00000000-0000-4000-8000-000000000000',
  actor: ana,
  roles: [],
  dryRun: false,
  submittedAt: '2026-01-01T00:00:00Z',
};

type ExampleBody = ReturnType<typeof readExample>['body'];

function parsed(type: Type, body: ExampleBody = readExample(type).body): CommandBody {
  const { stream, reason, data } = body;
  const answer = fromJson(fullNameOf[type], { ...data, envelope: { ...envelope, stream, reason } });
  if ('violations' in answer) throw new Error(`${type}: ${JSON.stringify(answer.violations)}`);
  return { type, data: answer.value } as CommandBody;
}

/** Sent by whom it is for: the robot where a robot may, an approver who is not the proposer otherwise. */
function decided(streams: Map<string, TestStream>, type: Type): Decision {
  const { stream } = readExample(type).body;
  const sent = streams.get(stream) ?? new TestStream(stream);
  streams.set(stream, sent);
  // A robot waits until a stage has baked, and here no time passes.
  const isRobots = commandRoles[type].includes('robot') && !type.endsWith('Rollout');
  const roles = isRobots ? ['robot'] : commandRoles[type].slice(0, 1);
  return sent.send(parsed(type), { actor: isRobots ? rightsizer : ben, roles });
}

/** The budget of the story cuts until then: what is rehearsed is refused of it. */
function onlyRehearses(streams: Map<string, TestStream>): void {
  const { body } = readExample('DefineBudget');
  const rehearsing = { ...body, data: { ...body.data, mode: 'dry_run' } };
  streams
    .get(body.stream)
    ?.send(parsed('DefineBudget', rehearsing), { actor: ben, roles: ['admin'] });
}

describe('the examples of the reference', () => {
  it('are one a command', () => {
    const files = readdirSync(path.join(referenceDirectory, 'examples'));
    expect(files.sort()).toEqual(commandTypes.map((type) => `${type}.json`).sort());
  });

  it.each(commandTypes)('%s is named, explained and in the right stream', (type) => {
    const { body } = readExample(type);
    expect(Object.keys(body)).toEqual(['type', 'stream', 'reason', 'data']);
    expect(body.type).toBe(type);
    expect(body.reason).not.toBe('');
    const kind = parseStream(body.stream)?.kind;
    expect(kind).toBe(streamFormOf(type).split(':')[0]);
  });

  it('are accepted by the model, one after the other, each with an event', () => {
    const streams = new Map<string, TestStream>();
    for (const type of story) {
      if (type === 'RehearseCut') onlyRehearses(streams);
      const decision = decided(streams, type);
      expect(decision, type).toMatchObject({ kind: 'accepted' });
      if (decision.kind === 'accepted') expect(decision.events.length, type).toBeGreaterThan(0);
    }
    expect(new Set(story)).toEqual(new Set(commandTypes));
  });

  it('leave the quotas that the how-to of many changes speaks of', () => {
    const page = path.join(referenceDirectory, '..', 'how-to', 'change-many-quotas-at-once.md');
    const [, json = ''] = /```json\n([\s\S]*?)```/.exec(readFileSync(page, 'utf8')) ?? [];
    const body = JSON.parse(json) as ExampleBody & { readonly type: Type };
    const streams = new Map<string, TestStream>();
    for (const type of story.slice(0, story.indexOf('ChangeTree') + 1)) decided(streams, type);
    const sent = streams.get(body.stream)?.send(parsed(body.type, body), {
      actor: ben,
      roles: ['admin'],
    });
    expect(sent).toMatchObject({ kind: 'accepted', events: [{}, {}] });
  });

  it('show limits that can be read', () => {
    for (const limit of limitExamples) {
      expect(fromJson('io.prorata.type.ResourceLimit', limit)).toHaveProperty('value');
    }
  });
});
