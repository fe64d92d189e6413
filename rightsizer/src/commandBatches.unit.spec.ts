import type { CommandAnswer } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { inBatches } from './commandBatches.ts';
import type { LoopCommand } from './commandDesk.ts';

const command = (commandId: string): LoopCommand => ({
  commandId,
  type: 'ResizeQuota',
  stream: 'application:llm',
  data: {},
  reason: 'test',
});
const answerTo = ({ commandId }: LoopCommand): CommandAnswer => ({
  status: 'accepted',
  commandId,
  code: 'ACCEPTED',
  detail: null,
  violations: [],
  outcome: null,
});
const idsOf = (commands: readonly LoopCommand[]): string[] =>
  commands.map(({ commandId }) => commandId);

describe('commands that are posted together', () => {
  it('go in one batch, in their order, and each gets its own answer', async () => {
    const sent: string[][] = [];
    const post = inBatches((commands) => {
      sent.push(idsOf(commands));
      return Promise.resolve(commands.map(answerTo));
    });
    const answers = await Promise.all(['a', 'b', 'c'].map((id) => post(command(id))));
    expect(sent).toEqual([['a', 'b', 'c']]);
    expect(answers.map(({ commandId }) => commandId)).toEqual(['a', 'b', 'c']);
    await post(command('d'));
    expect(sent).toHaveLength(2);
  });

  it('are at most 500 at once, and one batch is under way at a time', async () => {
    const sizes: number[] = [];
    let underWay = 0;
    const post = inBatches(async (commands) => {
      expect(++underWay).toBe(1);
      sizes.push(commands.length);
      await new Promise((resolve) => setTimeout(resolve, 5));
      underWay--;
      return commands.map(answerTo);
    });
    await Promise.all(Array.from({ length: 1_201 }, (_each, at) => post(command(`${at}`))));
    expect(sizes).toEqual([500, 500, 201]);
  });

  it('fail together when their batch does, and the next goes on', async () => {
    let isBroken = true;
    const post = inBatches((commands) => {
      if (!isBroken) return Promise.resolve(commands.map(answerTo));
      isBroken = false;
      return Promise.reject(new Error('no token'));
    });
    const [one, other] = [post(command('a')), post(command('b'))];
    await expect(one).rejects.toThrow('no token');
    await expect(other).rejects.toThrow('no token');
    expect(await post(command('c'))).toMatchObject({ commandId: 'c' });
  });
});
