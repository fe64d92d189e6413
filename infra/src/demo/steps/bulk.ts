import { bulkCommands } from '../scenario.ts';
import { rounded } from '../measures.ts';
import type { DemoContext } from '../context.ts';
import type { StageCommand } from '../scenario.ts';
import type { Step } from '../timeline.ts';

const COMMANDS = 10_000;
/** As many callers as wait at once; the gateway's batches fill and its queue stays short. */
const CALLERS = 200;

/** Enough events that a rebuild means something. */
export const bulk: Step<DemoContext> = {
  key: 'bulk',
  title: '10,000 commands more, each decided once',
  async run({ client }, progress) {
    const startedMs = Date.now();
    let accepted = 0;
    for (const round of bulkCommands(COMMANDS)) {
      accepted += await sendAll(client, round, (done) => {
        progress(`${accepted + done} of ${COMMANDS} commands accepted …`);
      });
    }
    const seconds = (Date.now() - startedMs) / 1000;
    return {
      held: accepted >= COMMANDS,
      lines: [
        `${accepted} accepted in ${rounded(seconds, 1)} s by ${CALLERS} callers over HTTP, ` +
          `beside everything else on this machine: ${Math.round(accepted / seconds)}/s`,
      ],
      figures: { accepted, seconds: rounded(seconds), perSecond: Math.round(accepted / seconds) },
    };
  },
};

async function sendAll(
  client: DemoContext['client'],
  commands: readonly StageCommand[],
  progress: (done: number) => void,
): Promise<number> {
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let command = commands[next++]; command !== undefined; command = commands[next++]) {
      await client.accept(command, 'demo: bulk');
      if (next % 500 === 0) progress(next);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  return commands.length;
}
