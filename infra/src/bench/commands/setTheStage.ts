import { postCommand } from '@prorata/service-runtime';
import type { CommandMessage } from '@prorata/schemas';
import type { Progress } from '../../provision/progress.ts';
import { stageRounds } from './benchWorkload.ts';
import type { BenchCommand } from './benchWorkload.ts';

/** As many as fill the gateway's batches. */
const CALLERS = 100;

/** Registers the applications and creates the quotas that the load changes. */
export async function setTheStage(
  gatewayUrl: string,
  tokens: readonly string[],
  progress: Progress,
): Promise<void> {
  for (const round of stageRounds()) {
    let next = 0;
    const caller = async (_: unknown, index: number): Promise<void> => {
      const token = tokens[index % tokens.length] ?? '';
      for (let command = round[next++]; command !== undefined; command = round[next++]) {
        await accept(gatewayUrl, token, command);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  }
  progress('the stage is set');
}

/** @throws Error when it is not accepted */
export async function accept(
  gatewayUrl: string,
  token: string,
  command: BenchCommand,
): Promise<void> {
  const { type, stream, reason, data } = command;
  const answer = await postCommand({
    gatewayUrl,
    token,
    type: type as CommandMessage['type'],
    stream,
    reason,
    data,
  });
  if (answer.status === 'accepted') return;
  const why = `${answer.code ?? ''} ${answer.detail ?? ''} ${JSON.stringify(answer.violations)}`;
  throw new Error(`${type} on ${stream} was not accepted: ${why}`);
}
