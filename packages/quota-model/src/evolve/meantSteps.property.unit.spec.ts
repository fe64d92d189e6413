/** Whatever moves, goes and comes while steps wait: they reach those whom they meant, or nobody. */
import type { TreeStep } from '@prorata/schemas';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ApplicationState, Decision } from '../model.ts';
import { content, created, noChange, registered } from '../testing/samples.ts';
import { ben, DAY, stampCommand, START } from '../testing/stamp.ts';
import type { CommandBody } from '../testing/stamp.ts';
import { TestStream } from '../testing/stream.ts';
import { isWithin, movedId, parentOf } from '../ids.ts';
import { placeOf } from './proposalNow.ts';

const PROPOSAL = 'moka-p0';
const origin = 'threshold' as const;
/** Few names, so that many quotas come to the same paths one after the other. */
const names = ['a', 'b', 'c'];

/** Numbers stand for quotas that are there when it is done. */
interface Act {
  readonly kind: 'create' | 'change' | 'move' | 'delete';
  readonly quota: number;
  readonly into: number;
  readonly name: string;
}
const drawnActs = fc.array(
  fc.record<Act>({
    kind: fc.constantFrom('create', 'change', 'change', 'move', 'move', 'delete'),
    quota: fc.nat(20),
    into: fc.nat(20),
    name: fc.constantFrom(...names),
  }),
  { maxLength: 6 },
);

/** Owners tell quotas apart, whatever their paths; a label tells which step has changed one. */
function stepOf(stream: TestStream, { kind, quota, into, name }: Act, doer: string): TreeStep {
  const ids = [...(stream.state as ApplicationState).quotas.keys()].sort();
  const quotaId = ids[quota % ids.length] ?? '';
  const parents = ['moka', ...ids];
  const toQuotaId = `${parents[into % parents.length] ?? ''}/${name}`;
  const none = {
    create: null,
    change: null,
    move: null,
    delete: null,
    restore: null,
    resize: null,
  };
  const step = { ...none, expectedVersion: null };
  switch (kind) {
    case 'create':
      return { ...step, create: { quotaId: toQuotaId, content: content([], { owner: doer }) } };
    case 'change':
      return { ...step, change: { ...noChange, quotaId, labels: { changed: doer } } };
    case 'move':
      return { ...step, move: { quotaId, toQuotaId } };
    case 'delete':
      return { ...step, delete: { quotaId, children: 'refuse' } };
  }
}

const changeTree = (steps: readonly TreeStep[]): CommandBody => ({
  type: 'ChangeTree',
  data: { steps },
});

/** The steps that did something, one after the other, as they were taken. */
function takeAll(stream: TestStream, acts: readonly Act[], doer: string): readonly TreeStep[] {
  return acts.flatMap((act, index) => {
    const step = stepOf(stream, act, `${doer} ${index}`);
    const decision = stream.send(changeTree([step]), { actor: ben });
    return decision.kind === 'accepted' && decision.events.length > 0 ? [step] : [];
  });
}

function streamAfter(acts: readonly Act[]): TestStream {
  const stream = new TestStream('application:moka');
  stream.append([{ ...registered, quotaId: null, quotaVersion: null }]);
  for (const quotaId of ['moka/a', 'moka/a/b', 'moka/b', 'moka/b/a', 'moka/b/a/c']) {
    const fact = created(quotaId, [], { owner: `first ${quotaId}` });
    stream.append([{ ...fact, quotaId, quotaVersion: 1n }]);
  }
  takeAll(stream, acts, 'before');
  return stream;
}

/** Who was reached, by owners, in the order of the events; none by what was refused. */
function reached(stream: TestStream, decision: Decision): readonly string[] {
  if (decision.kind === 'refused') return [];
  const { quotas } = stream.state as ApplicationState;
  const owners = new Map(
    [...quotas].map(
      ([
        id,
        {
          content: { owner },
        },
      ]) => [id, owner],
    ),
  );
  const ownerOf = (id: string): string => owners.get(id) ?? id;
  return decision.events.flatMap(({ type, quotaId, data }) => {
    const id = quotaId ?? '';
    switch (type) {
      case 'QuotaChanged':
        return [`${ownerOf(id)} by ${data.content.labels['changed'] ?? ''}`];
      case 'QuotaCreated':
        owners.set(id, data.content.owner);
        return [`${ownerOf(id)} in ${ownerOf(parentOf(id))}`];
      case 'QuotaDeleted': {
        const owner = ownerOf(id);
        owners.delete(id);
        return [`${owner} goes`];
      }
      case 'QuotaMoved': {
        const into = ownerOf(parentOf(data.toQuotaId));
        for (const [each, owner] of [...owners]) {
          if (!isWithin(each, id)) continue;
          owners.delete(each);
          owners.set(movedId(each, id, data.toQuotaId), owner);
        }
        return [`${ownerOf(data.toQuotaId)} to ${into}`];
      }
      default:
        return [];
    }
  });
}

describe('steps that wait', () => {
  it('reach those whom they meant, or nobody', () => {
    let approvals = 0;
    fc.assert(
      fc.property(drawnActs, drawnActs, drawnActs, (before, proposed, since) => {
        const steps = takeAll(streamAfter(before), proposed, 'step');
        const stream = streamAfter(before);
        const body = stampCommand(stream.stream, changeTree(steps), { roles: ['admin'] });
        const meant = reached(stream, stream.decide(body));
        if (meant.length === 0) return;
        const place = placeOf('moka', steps);
        const data = { proposalId: PROPOSAL, place, steps, origin, expiresAt: START + DAY };
        const about = { quotaId: null, quotaVersion: null };
        stream.append([{ type: 'TreeChangeProposed', data, ...about }]);
        takeAll(stream, since, 'since');
        const approval: CommandBody = { type: 'ApproveProposal', data: { proposalId: PROPOSAL } };
        const approve = stampCommand(stream.stream, approval, { actor: ben, roles: ['admin'] });
        const happened = reached(stream, stream.decide(approve));
        if (happened.length > 0 && since.length > 0) approvals += 1;
        expect(meant).toEqual(expect.arrayContaining([...happened]));
      }),
      { numRuns: 1_000 },
    );
    expect(approvals).toBeGreaterThan(200);
  });
});
