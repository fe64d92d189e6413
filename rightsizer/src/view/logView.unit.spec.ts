import {
  content,
  HOUR,
  registration,
  START,
  TestStream,
  tokens,
} from '@prorata/quota-model/testing';
import type { CommandBody } from '@prorata/quota-model/testing';
import { describe, expect, it } from 'vitest';
import { LogView } from './logView.ts';

const admin = { roles: ['admin'] };

describe('the view of a quota that moves', () => {
  it('remembers what was declined, and takes nothing before the move as seen there', () => {
    const stream = new TestStream('application:moka');
    stream.append([
      {
        type: 'ApplicationRegistered',
        data: { ...registration, version: 1n, meaningVersion: 1 },
        quotaId: null,
        quotaVersion: null,
      },
    ]);
    const send = (body: CommandBody, sender = admin): void => {
      expect(stream.send(body, sender)).toMatchObject({ kind: 'accepted' });
    };
    const rightsizing = [{ resource: 'tokens', min: 1n, max: 90n, workload: null, pinned: false }];
    send({ type: 'CreateQuota', data: { quotaId: 'moka/a', content: content() } });
    send({
      type: 'CreateQuota',
      data: { quotaId: 'moka/a/x', content: content([tokens(50n)], { rightsizing }) },
    });
    const evidence = {
      policy: 'demo',
      source: 'usage@7',
      windowStart: START - HOUR,
      windowEnd: START,
      figures: {},
      inputsHash: '00',
    };
    const robot = { kind: 'robot', issuer: 'https://id.test', subject: 'loop' } as const;
    const proposed = stream.send(
      { type: 'ResizeQuota', data: { quotaId: 'moka/a/x', limit: tokens(60n), evidence } },
      { actor: robot, roles: ['robot'] },
    );
    const proposalId = proposed.kind === 'accepted' ? (proposed.result ?? '') : '';
    send({ type: 'RejectProposal', data: { proposalId } });
    stream.now = START + HOUR;
    send({ type: 'MoveQuota', data: { quotaId: 'moka/a', toQuotaId: 'moka/b' } });
    const view = new LogView();
    for (const event of stream.events) view.fold(event);
    expect(view.declinedAt('moka/b/x', 'tokens')).toBe(START);
    expect(view.declinedAt('moka/a/x', 'tokens')).toBeNull();
    expect(view.disturbances.spansOf('moka/b/x')).toEqual([{ from: 0n, to: START + HOUR }]);
    expect(view.disturbances.spansOf('moka/b')).toEqual([{ from: 0n, to: START + HOUR }]);
    expect([...(view.application('moka')?.quotas.keys() ?? [])]).toEqual(['moka/b', 'moka/b/x']);
  });
});
