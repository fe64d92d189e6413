import type { Dispatcher } from '@prorata/schemas';
import { expect, it } from 'vitest';
import { SubmissionRefused } from '../submit/submissionRefused.ts';
import { refuseForeignDispatchers } from './foreignDispatchers.ts';

const hook: Dispatcher = {
  name: 'hook',
  kind: 'webhook',
  target: 'https://hooks.example.test/limits',
  secretRef: null,
  settings: null,
};
const settings = '{"scheduler":"https://scheduler.example.test"}';
const queues: Dispatcher = {
  ...hook,
  name: 'q',
  kind: 'yunikorn',
  target: 'queues.yaml',
  settings,
};

it('lets dispatchers speak only to hosts of the list, and to others than this machine by https', () => {
  const hosts = new Set(['hooks.example.test', 'scheduler.example.test']);
  const refusal = (dispatchers: readonly Dispatcher[], allowed = hosts): unknown => {
    try {
      refuseForeignDispatchers(dispatchers, allowed);
      return null;
    } catch (error) {
      return error;
    }
  };
  expect(refusal([hook, queues])).toBeNull();
  const foreign = refusal([{ ...hook, kind: 'file', target: 'a.json' }, queues], new Set());
  expect(foreign).toBeInstanceOf(SubmissionRefused);
  expect(foreign).toMatchObject({
    code: 'DISPATCHER_HOST_NOT_ALLOWED',
    message: expect.stringContaining("not on the operator's list") as string,
  });
  expect(JSON.stringify(foreign)).toContain('/data/dispatchers/1/settings/scheduler');
  const clear = { ...hook, target: 'http://hooks.example.test/limits' };
  expect(refusal([clear])).toMatchObject({ message: expect.stringContaining('https') as string });
});
