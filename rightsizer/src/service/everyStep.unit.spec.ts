import { expect, it } from 'vitest';
import { everyStep } from './everyStep.ts';

const failing = (message: string) => () => Promise.reject(new Error(message));

it('goes on after a step that failed, and tells all faults at the end', async () => {
  const done: string[] = [];
  const step = (name: string) => () => {
    done.push(name);
    return Promise.resolve();
  };
  const steps = [step('a'), failing('no memory'), step('b'), failing('no disk'), step('c')];
  await expect(everyStep(steps)).rejects.toThrow('no memory; no disk');
  expect(done).toEqual(['a', 'b', 'c']);
});

it('is quiet when every step has worked', async () => {
  await expect(everyStep([() => Promise.resolve()])).resolves.toBeUndefined();
});
