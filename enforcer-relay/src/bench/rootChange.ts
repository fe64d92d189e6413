/** What one change at the root of a large tree makes the relay send, and how long it takes to find out. */
import process from 'node:process';
import { EventScript } from '../../test/eventScript.ts';
import { RuleFold } from '../rules/ruleFold.ts';

const QUOTAS = Number(process.argv[2] ?? '100000');
/** One quota in so many had more than the root will have. */
const ONE_IN = 100;
const [before, after, little] = [1_000n, 500n, 400n];

const script = new EventScript('bench');
const fold = new RuleFold();
let offset = 0n;
fold.apply(script.register(), offset++);
fold.apply(script.create('root', before), offset++);
for (let quota = 0; quota < QUOTAS; quota++) {
  const amount = quota % ONE_IN === 0 ? before : little;
  fold.apply(script.create(`root/q${quota}`, amount), offset++);
}
fold.takeChanges();
const beganMs = performance.now();
fold.apply(script.change('root', after), offset);
const milliseconds = performance.now() - beganMs;
const sent = fold.takeChanges().length;
const expected = Math.ceil(QUOTAS / ONE_IN) + 1;
if (sent !== expected) throw new Error(`${sent} rules would be sent instead of ${expected}.`);
process.stdout.write(`${JSON.stringify({ milliseconds, sent })}\n`);
