import type { CommandAnswer } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { CommandDesk } from './commandDesk.ts';
import type { LoopCommand } from './commandDesk.ts';
import { derivedId } from './derivedId.ts';

const command = (commandId: string): LoopCommand => ({
  commandId,
  type: 'ResizeQuota',
  stream: 'application:llm',
  data: { commandId },
  reason: 'test',
});

function desk(answers: CommandAnswer['status'][]): { desk: CommandDesk; posted: LoopCommand[] } {
  const posted: LoopCommand[] = [];
  const post = (sent: LoopCommand): Promise<CommandAnswer> => {
    posted.push(sent);
    const status = answers.shift() ?? 'accepted';
    const { commandId } = sent;
    const none = { code: null, detail: null, violations: [], outcome: null };
    return Promise.resolve({ status, commandId, ...none });
  };
  return { desk: new CommandDesk(post), posted };
}

describe('CommandDesk', () => {
  it('repeats to the letter what was not answered, instead of saying something new', async () => {
    const { desk: held, posted } = desk(['unknown', 'unknown', 'accepted']);
    await held.post('llm/chat', command('a'));
    await held.post('llm/chat', command('b'));
    expect(held.unanswered).toBe(1);
    await held.post('llm/chat', command('c'));
    await held.post('llm/chat', command('d'));
    expect(posted.map(({ commandId }) => commandId)).toEqual(['a', 'a', 'a', 'd']);
    expect(held.unanswered).toBe(0);
  });

  it('says which command was answered', async () => {
    const { desk: held } = desk(['unknown', 'accepted', 'accepted']);
    await held.post('llm/chat', command('a'));
    expect(await held.post('llm/chat', command('b'))).toMatchObject({ commandId: 'a' });
    expect(await held.post('llm/chat', command('b'))).toMatchObject({ commandId: 'b' });
  });

  it('gives up what is not called for any more, and says the new at once', async () => {
    const { desk: held, posted } = desk(['unknown', 'unknown', 'accepted']);
    await held.post('llm/chat', command('a'));
    await held.post('llm/code', command('b'));
    held.keep((subject, { commandId }) => subject === 'llm/code' && commandId === 'b');
    expect(held.unanswered).toBe(1);
    await held.post('llm/chat', command('c'));
    expect(posted.map(({ commandId }) => commandId)).toEqual(['a', 'b', 'c']);
  });

  it('holds one subject back for its own sake alone', async () => {
    const { desk: held, posted } = desk(['unknown', 'accepted']);
    await held.post('llm/chat', command('a'));
    await held.post('llm/code', command('b'));
    expect(posted.map(({ commandId }) => commandId)).toEqual(['a', 'b']);
  });

  it('takes a refusal for an answer', async () => {
    const { desk: held, posted } = desk(['refused']);
    await held.post('llm/chat', command('a'));
    await held.post('llm/chat', command('b'));
    expect(posted.map(({ commandId }) => commandId)).toEqual(['a', 'b']);
  });
});

describe('derivedId', () => {
  it('is a UUID that follows from the parts', () => {
    const id = derivedId('resize', 'llm/chat', 5n);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(derivedId('resize', 'llm/chat', '5')).toBe(id);
    // Parts do not run into one another.
    expect(derivedId('resize', 'llm/cha', 't5')).not.toBe(derivedId('resize', 'llm/chat', '5'));
  });
});
