import type { Actor } from '@prorata/schemas';
import { describe, expect, it } from 'vitest';
import { ValidatorPlaces } from './validatorPlaces.ts';

const person = (subject: string): Actor => ({ kind: 'user', issuer: 'https://idp', subject });
const robot = (subject: string): Actor => ({ kind: 'robot', issuer: 'https://idp', subject });

/** Asks for so many places and keeps what came of each, in order. */
function ask(places: ValidatorPlaces, actor: Actor, times: number) {
  const leaves: (() => void)[] = [];
  const refusals: string[] = [];
  const ended = Array.from({ length: times }, () =>
    places.enter(actor).then(
      (leave) => void leaves.push(leave),
      (error: unknown) => void refusals.push((error as { code: string }).code),
    ),
  );
  return { leaves, refusals, ended: Promise.all(ended) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('places at a validator', () => {
  it('are never all one principal’s: another is asked at once, however many wait', async () => {
    const places = new ValidatorPlaces();
    const many = ask(places, person('many'), 100);
    const other = ask(places, person('other'), 1);
    await turn();
    expect(many.leaves).toHaveLength(8);
    expect(many.refusals).toEqual(Array.from({ length: 60 }, () => 'TOO_MANY_IN_FLIGHT'));
    expect(other.leaves).toHaveLength(1);
  });

  it('go by turns of principals, not by who asked first', async () => {
    const places = new ValidatorPlaces({ atOnceMax: 1, principalAtOnceMax: 1 });
    const many = ask(places, person('many'), 10);
    const other = ask(places, person('other'), 1);
    await turn();
    expect([many.leaves.length, other.leaves.length]).toEqual([1, 0]);
    many.leaves[0]?.();
    await turn();
    expect([many.leaves.length, other.leaves.length]).toEqual([1, 1]);
    other.leaves[0]?.();
    await turn();
    expect(many.leaves).toHaveLength(2);
  });

  it('hold robots back, all of them together, and tell them so', async () => {
    const places = new ValidatorPlaces({ turnMsMax: 5 });
    const robots = [ask(places, robot('a'), 10), ask(places, robot('b'), 50)];
    const someone = ask(places, person('someone'), 8);
    await turn();
    expect(robots.flatMap(({ leaves }) => leaves)).toHaveLength(4);
    expect(someone.leaves).toHaveLength(8);
    await Promise.all(robots.map(({ ended }) => ended));
    expect(new Set(robots.flatMap(({ refusals }) => refusals))).toEqual(new Set(['ROBOT_PACED']));
  });

  it('send away whoever comes when too many wait, or has waited too long', async () => {
    const places = new ValidatorPlaces({ waitingMax: 40, turnMsMax: 5 });
    const askers = ['a', 'b', 'c'].map((subject) => ask(places, person(subject), 30));
    await Promise.all(askers.map(({ ended }) => turn().then(() => ended)));
    const codes = askers.flatMap(({ refusals }) => refusals);
    expect(askers.flatMap(({ leaves }) => leaves)).toHaveLength(16);
    expect(codes.filter((code) => code === 'BUSY')).toHaveLength(90 - 16 - 40);
    expect(codes.filter((code) => code === 'TOO_MANY_IN_FLIGHT')).toHaveLength(40);
  });

  it('are all free again once everybody has left', async () => {
    const places = new ValidatorPlaces();
    for (let round = 0; round < 5; round++) {
      const asked = ['a', 'b'].map((subject) => ask(places, person(subject), 40));
      for (let left = 0; left < 80;) {
        await turn();
        const leaves = asked.flatMap((each) => each.leaves.splice(0));
        expect(leaves.length).toBeGreaterThan(0);
        for (const leave of leaves) leave();
        left += leaves.length;
      }
    }
    const last = ask(places, person('last'), 9);
    await turn();
    expect(last.leaves).toHaveLength(8);
  });
});
