import { outcomeCodes } from '../../../command-service/src/outcomeCodes.ts';
import { cell } from './jsonForm.ts';

/** docs/reference/outcome-codes.md. */
export function renderOutcomeCodes(): string {
  const rows = Object.entries(outcomeCodes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { status, title, remedy }]) =>
        `| \`${code}\` | ${status} | ${cell(title)}. | ${cell(remedy)} |`,
    );
  return `${introduction}\n\n| code | status | what | what to do |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

const introduction = `# Outcome codes

Made from the model's table of refusals and the writer's by \`npm run generate\`. Do not edit.

A refused command is answered with \`application/problem+json\`: \`code\` is the first violation's,
\`violations\` lists each with its \`code\`, \`path\` and a message that names what stands in the way. The same
codes stand in the outcomes of \`quota.outcomes\` and in the audit log. A code never changes its meaning.
403: not allowed; 404: not known; 409: against the state of the moment; 422: wrong in itself.

Answers of HTTP that decide no command (401 \`UNAUTHORIZED\`, 403 \`FORBIDDEN\`, 404 \`ROUTE_UNKNOWN\`, 503 …)
carry a \`code\` of their own and no \`outcome\`; \`GET /openapi.json\` on the gateway names them by route.`;
