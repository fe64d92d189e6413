import { problemCodes } from '@prorata/service-runtime';
import { acceptedCodes, outcomeCodes } from '../../../command-service/src/outcomeCodes.ts';
import { cell } from './jsonForm.ts';

/** docs/reference/outcome-codes.md. */
export function renderOutcomeCodes(): string {
  return [
    introduction,
    acceptance,
    table(Object.entries(acceptedCodes)),
    refusals,
    table(Object.entries(outcomeCodes).sort(([a], [b]) => (a < b ? -1 : 1))),
    withoutOutcome,
    table(Object.entries(problemCodes)),
  ].join('\n\n');
}

type Entry = [string, { readonly status: number; readonly title: string; readonly remedy: string }];

function table(entries: readonly Entry[]): string {
  const rows = entries.map(
    ([code, { status, title, remedy }]) =>
      `| \`${code}\` | ${status} | ${cell(title)}. | ${cell(remedy)} |`,
  );
  return ['| code | status | what | what to do |', '|---|---|---|---|', ...rows, ''].join('\n');
}

const introduction = `# Outcome codes

Made from the model's table of refusals and the writer's by \`npm run generate\`. Do not edit.`;

const acceptance = `## Accepted

An accepted command is answered 200 with its outcome. One that waits for a second person is accepted too:
its \`code\` says so, and the status stays 200, since 202 is for outcomes that are not known yet.`;

const refusals = `## Refused

A refused command is answered with \`application/problem+json\`: \`code\` is the first violation's,
\`violations\` lists each with its \`code\`, \`path\` and a message that names what stands in the way. The same
codes stand in the outcomes of \`quota.outcomes\` and in the audit log. A code never changes its meaning.
403: not allowed; 404: not known; 409: against the state of the moment; 422: wrong in itself; 503: nothing was
decided, and the same id may come again after \`Retry-After\` seconds (a batch says the longest of its commands'). Paths in an
answer are those of the request that it answers; in the log, and so in \`GET /v1/commands/{commandId}\` and the
audit log, they are those of the command's own fields.`;

const withoutOutcome = `## Answers that decide no command

These carry a \`code\` and a \`remedy\` as well, and no \`outcome\`: what the services themselves say, over
HTTP. With 503 and 429 comes \`Retry-After\`, in seconds. A command that was answered so may be sent again
with the same id: it is decided once.`;
