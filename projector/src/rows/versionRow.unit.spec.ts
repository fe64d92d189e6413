import type { ApplicationState, QuotaState } from '@prorata/quota-model';
import { TestStream, content, evidence, registration, tokens } from '@prorata/quota-model/testing';
import { expect, it } from 'vitest';
import { versionRow } from './versionRow.ts';

const quotaId = 'moka/a';
const withBounds = (min: bigint) => ({
  type: 'RegisterApplication' as const,
  data: {
    ...registration,
    rightsizing: [{ resource: 'tokens', min, max: 1_000n, workload: null, pinned: false }],
  },
});

function rowOfLast(stream: TestStream) {
  const quota = (stream.state as ApplicationState).quotas.get(quotaId) as QuotaState;
  return versionRow(stream.events.at(-1)!, quota);
}

it('has a row of what somebody declared, and none of what new bounds only said anew', () => {
  const stream = new TestStream('application:moka');
  stream.send(withBounds(1n));
  stream.send({ type: 'CreateQuota', data: { quotaId, content: content([tokens(100n)]) } });
  expect(rowOfLast(stream)).toMatchObject({ type: 'QuotaCreated', version: 1n });
  const data = { limit: tokens(40n), evidence, proposalId: null };
  stream.append([{ type: 'QuotaResized', data, quotaId, quotaVersion: 2n }]);
  expect(rowOfLast(stream)).toBeNull();
  stream.send(withBounds(50n));
  expect(stream.events.at(-1)).toMatchObject({ type: 'QuotaChanged' });
  expect(rowOfLast(stream)).toBeNull();
  const to = { quotaId, owner: 'others', project: null };
  stream.send({ type: 'TransferQuota', data: { ...to } });
  expect(rowOfLast(stream)).toMatchObject({ type: 'QuotaTransferred', version: 4n });
  stream.send({
    type: 'DeclareQuota',
    data: { quotaId, content: content([tokens(90n)], { owner: 'others' }) },
  });
  expect(rowOfLast(stream)).toMatchObject({ type: 'QuotaChanged', version: 5n });
});
