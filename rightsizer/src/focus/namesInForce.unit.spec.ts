import { content, registration, TestStream } from '@prorata/quota-model/testing';
import type { CommandBody } from '@prorata/quota-model/testing';
import { expect, it } from 'vitest';
import { LogView } from '../view/logView.ts';
import { namesInForce } from './namesInForce.ts';

it('calls things as they are called now, and what is no more by nothing', () => {
  const view = new LogView();
  const say = (name: string, ...commands: readonly CommandBody[]): void => {
    const stream = new TestStream(name);
    for (const command of commands) {
      expect(stream.send(command, { roles: ['admin'] })).toMatchObject({ kind: 'accepted' });
    }
    for (const event of stream.events) view.fold(event);
  };
  say(
    'organization:acme',
    {
      type: 'RegisterOrganization',
      data: { displayName: 'Acme' },
    },
    {
      type: 'DefineProject',
      data: { project: 'acme/chat', team: null, owner: 'leads', displayName: 'Chat' },
    },
  );
  say(
    'application:moka',
    { type: 'RegisterApplication', data: registration },
    {
      type: 'CreateQuota',
      data: { quotaId: 'moka/ads', content: content([], { labels: { team: 'ads' } }) },
    },
  );
  const names = namesInForce(view, 'The Platform Team');
  expect(names.provider).toBe('The Platform Team');
  expect(names.organizationName('acme')).toBe('Acme');
  expect(names.organizationName('other')).toBeNull();
  expect(names.projectName('acme/chat')).toBe('Chat');
  expect(names.projectName('acme/none')).toBeNull();
  expect(names.unitOf('moka', 'tokens')).toEqual({ unit: 'token', isHeld: false });
  expect(names.unitOf('moka', 'cores')).toEqual({ unit: 'milli-vcore', isHeld: true });
  expect(names.unitOf('moka', 'none')).toBeNull();
  expect(names.unitOf('other', 'tokens')).toBeNull();
  expect(names.labelsOf('moka/ads')).toEqual({ team: 'ads' });
  expect(names.labelsOf('moka/none')).toBeNull();
});
