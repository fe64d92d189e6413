import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { textFor } from '../../src/dispatch/textFor.ts';
import { heldQueues } from '../../src/dispatch/yunikorn/heldQueues.ts';
import { BLOCKING_TYPE } from '../../src/dispatch/yunikorn/queueText.ts';
import { yunikornFaults } from '../../src/dispatch/yunikorn/yunikornFaults.ts';
import { yunikornFormat } from '../../src/dispatch/yunikorn/yunikornFormat.ts';
import { hasGo } from '../goProgram.ts';
import { askOracle, buildOracle } from './askOracle.ts';
import type { OracleAnswer } from './askOracle.ts';
import { queueFile } from './randomQueues.ts';
import { setOfQuotas, settings } from './randomSets.ts';

const SEED = 20_261_121;
const TREES = 5_000;

const isThere = await hasGo();
if (!isThere)
  process.stderr.write('There is no Go: what YuniKorn itself takes and applies is not checked.\n');

/** As a comparison reads best: what is not bounded is left out. */
function limitsOf(text: string) {
  return Object.fromEntries(
    [...heldQueues(text)].map(([path, { max, guaranteed, applications }]) => [
      path,
      {
        max: numbers(max),
        guaranteed: numbers(guaranteed),
        applications: Number(applications ?? 0n),
      },
    ]),
  );
}

const numbers = (amounts: ReadonlyMap<string, bigint>) =>
  Object.fromEntries([...amounts].map(([type, amount]) => [type, Number(amount)]));

describe.runIf(isThere)('the scheduler itself', () => {
  let program = '';
  beforeAll(async () => {
    program = await buildOracle();
  }, 1_200_000);

  it('takes and refuses the same files, but for the traps that are told', async () => {
    const texts = fc.sample(queueFile, { numRuns: TREES, seed: SEED });
    const answers = await askOracle(
      program,
      texts.map((text) => ({ text })),
    );
    const counts = { accepted: 0, refused: 0, traps: 0 };
    for (const [index, text] of texts.entries()) {
      const answer = answers[index] as OracleAnswer;
      const faults = yunikornFaults(text);
      if (faults.some(({ isTrap }) => isTrap)) counts.traps++;
      else {
        const said = { text, reason: answer.reason, faults };
        expect({ ...said, accepted: answer.accepted }).toEqual({
          ...said,
          accepted: faults.length === 0,
        });
        if (answer.accepted)
          expect({ text, built: answer.built }).toEqual({ text, built: limitsOf(text) });
        counts[answer.accepted ? 'accepted' : 'refused']++;
      }
      if (answer.accepted && answer.reason !== '') {
        expect({ text, isTrap: faults.some(({ isTrap }) => isTrap) }).toEqual({
          text,
          isTrap: true,
        });
      }
    }
    process.stdout.write(`${JSON.stringify(counts)}\n`);
    expect(Math.min(counts.accepted, counts.refused, counts.traps)).toBeGreaterThan(TREES / 50);
  });

  it('takes every file that is written, and applies what is meant, also by a reload', async () => {
    const format = yunikornFormat(settings);
    const sets = fc.sample(setOfQuotas, { numRuns: TREES, seed: SEED });
    const texts = sets.map((set) => {
      const made = textFor(format, set);
      if (made.kind === 'refused') throw new Error(made.reasons.join('\n'));
      return made;
    });
    const answers = await askOracle(
      program,
      texts.map(({ text }, index) => ({ text, former: (texts[index - 1] ?? texts[0])!.text })),
    );
    for (const [index, { text, checksum }] of texts.entries()) {
      const answer = answers[index] as OracleAnswer;
      const meant = limitsOf(text);
      expect({ text, ...answer, reloaded: null }).toEqual({
        text,
        accepted: true,
        reason: '',
        checksum: checksum.toUpperCase(),
        built: meant,
        reloaded: null,
      });
      // A reload keeps queues that are gone, to drain.
      expect({ text, ...answer.reloaded }).toMatchObject({ text, ...meant });
    }
  });

  it('drops a max that is 0 of everything, and keeps it beside one of what no node has', async () => {
    const file = (max: object) =>
      JSON.stringify({
        partitions: [{ name: 'default', queues: [{ name: 'a', resources: { max } }] }],
      });
    const before = file({ memory: 10, vcore: 10 });
    const [dropped, kept] = await askOracle(program, [
      { text: file({ memory: 0, vcore: 0 }), former: before },
      { text: file({ memory: 0, vcore: 0, [BLOCKING_TYPE]: 1 }), former: before },
    ]);
    expect(dropped?.reloaded?.['root.a']?.max).toEqual({});
    expect(kept?.reloaded?.['root.a']?.max).toEqual({ memory: 0, vcore: 0, [BLOCKING_TYPE]: 1 });
  });
});
