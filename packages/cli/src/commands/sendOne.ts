import type { CommandAnswer } from '@prorata/service-runtime/postCommand';
import { GatewayProblem } from '../gateway/gatewayProblem.ts';
import type { GatewayClient, SentCommand } from '../gateway/gatewayClient.ts';
import { putOff } from '../gateway/putOff.ts';
import { CommandError } from '../commandError.ts';
import { exitCodes } from '../exitCodes.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputForm } from '../output/answerAs.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import type { Json } from '../plan/json.ts';
import { textIn } from '../plan/json.ts';

export interface Sending {
  readonly reason: string;
  readonly output: OutputForm;
  /** What is said when it is accepted. */
  readonly done: string | ((outcome: Json) => string);
}

/** Sends one command, and prints its outcome. @throws GatewayProblem when it is refused */
export async function sendOne(
  client: GatewayClient,
  command: SentCommand,
  sending: Sending,
): Promise<number> {
  const answer = await withProgress('waiting for the outcome', async () => {
    await client.assertReachable();
    return client.send(command, sending.reason);
  });
  const outcome = await assertAccepted(answer);
  const waits = answer.code === 'PROPOSED';
  await answerAs(sending.output, outcome, () => [
    waits ? waitsText(outcome) : doneText(sending, outcome),
  ]);
  return waits ? exitCodes.waits.code : exitCodes.done.code;
}

/** The outcome. @throws GatewayProblem when it was refused, CommandError when nothing is known of it */
export async function assertAccepted(answer: CommandAnswer): Promise<Json> {
  const { status, code, detail, outcome, violations, commandId } = answer;
  if (status === 'refused') throw await refusalOf(code, detail, violations);
  if (status === 'accepted' && outcome !== null) return outcome;
  throw new CommandError(
    screenText(
      `No answer came to command ${commandId}${putOff(answer)}, which may still be decided: GET /v1/commands/${commandId} tells.`,
    ),
  );
}

/** What was so already became no event. */
function doneText({ done }: Sending, outcome: Json): string {
  const isSo = (outcome['eventIds'] as readonly unknown[] | undefined)?.length === 0;
  if (isSo) return 'It was so already.';
  return typeof done === 'string' ? done : done(outcome);
}

function waitsText(outcome: Json): string {
  const id = textIn(outcome, 'result');
  return screenText(
    `Proposal ${id} waits for a second person: ./prorata approve ${id} --reason "…"`,
  );
}

async function refusalOf(
  code: string | null,
  detail: string | null,
  violations: ConstructorParameters<typeof GatewayProblem>[1]['violations'] = [],
): Promise<GatewayProblem> {
  const { refusalCodes } = await import('@prorata/quota-model/refusalCodes');
  const entry = (refusalCodes as Readonly<Record<string, { readonly remedy: string }>>)[code ?? ''];
  return new GatewayProblem(0, {
    ...(code === null ? {} : { code }),
    ...(detail === null ? {} : { detail }),
    ...(entry === undefined ? {} : { remedy: entry.remedy }),
    violations,
  });
}
