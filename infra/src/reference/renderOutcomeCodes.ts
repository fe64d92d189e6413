import { problemCodes } from '@prorata/service-runtime';
import { outcomeCodes } from '../../../command-service/src/outcomeCodes.ts';
import { cell } from './jsonForm.ts';

/** docs/reference/outcome-codes.md. */
export function renderOutcomeCodes(): string {
  return [
    introduction,
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

Made from the model's table of refusals and the writer's by \`npm run generate\`. Do not edit.

A refused command is answered with \`application/problem+json\`: \`code\` is the first violation's,
\`violations\` lists each with its \`code\`, \`path\` and a message that names what stands in the way. The same
codes stand in the outcomes of \`quota.outcomes\` and in the audit log. A code never changes its meaning.
403: not allowed; 404: not known; 409: against the state of the moment; 422: wrong in itself.`;

const withoutOutcome = `## Answers that decide no command

These carry a \`code\` and a \`remedy\` as well, and no \`outcome\`: what the services themselves say, over
HTTP. With 503 and 429 comes \`Retry-After\`, in seconds. A command that was answered so may be sent again
with the same id: it is decided once.`;
