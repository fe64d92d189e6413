import { roleMeanings, roles, routeRules } from '@prorata/service-runtime';
import type { Role, RouteRule } from '@prorata/service-runtime';
import { commandRoles } from '../../../command-service/src/gateway/commandRoles.ts';
import { cell } from './jsonForm.ts';

/** docs/reference/access.md. */
export function renderAccess(): string {
  return (
    [introduction, roleTable(), routesText, routeTable(), commandsText, commandTable()].join(
      '\n\n',
    ) + '\n'
  );
}

const introduction = `# Who may call what

Made from the tables that the services ask for every request, by \`npm run generate\`. Do not edit.

Credentials are a token of an OpenID Connect issuer or an API key. They name a principal: its kind (\`user\`,
\`service\` or \`robot\`), its roles, its groups, and its **grants**, which are roles that hold in a part alone:
\`operator@moka/prod\` in that quota and all below it, \`operator@moka\` in that application,
\`operator@organization:acme\` in that stream. Credentials may be bound to one application, and then reach
nothing beyond it.`;

function roleTable(): string {
  const rows = roles.map((role) => `| \`${role}\` | ${cell(roleMeanings[role])} |`);
  return ['## Roles', '', '| role | who has it |', '|---|---|', ...rows].join('\n');
}

const routesText = `## Routes

● the role opens the route; ◐ it does, and so does a grant of it, for what lies in its scope. *Known*: whoever
has credentials, as the answer is the caller's own, or as the [command](#commands) decides. *Open*: anybody. A route that is
not here is answered 404, another method 405, no credentials 401, and credentials that do not reach it 403. *Bound*: whether
credentials bound to one application may call it, for what is that application's.`;

function routeTable(): string {
  const rules: Readonly<Record<string, RouteRule>> = routeRules;
  const rows = Object.entries(rules).map(([name, rule]) => {
    const marks = roles.map((role) => markOf(rule, role));
    const others = [
      ...(typeof rule.who === 'string' ? [`*${rule.who}*`] : []),
      ...(rule.services === true ? ['kind \`service\`'] : []),
      ...(rule.sends === undefined ? [] : [`sends \`${rule.sends}\``]),
    ];
    const bound = rule.bound === 'own' ? 'its own' : 'no';
    return `| \`${name}\` | ${[...marks, others.join(', '), bound].join(' | ')} |`;
  });
  return table(['route', ...roles, 'also', 'bound'], rows);
}

function markOf({ who, grants, sends }: RouteRule, role: Role): string {
  if (sends !== undefined) return commandMark(sends, role);
  if (typeof who === 'string' || !who.includes(role)) return '';
  return grants === 'none' ? '●' : '◐';
}

const commandsText = `## Commands

The door is the same for every route that sends a command: ◐ the role may send it, and so may a grant of the
role in the command's stream. What it may do to one quota in particular the model decides: an owner (a
group of the quota or of one above) divides and lowers, and only an ancestor's owner, an operator or an admin
raises. Robots resize and cut, in bounded steps, say what became of it, and approve nothing.`;

function commandTable(): string {
  const rows = Object.keys(commandRoles).map((type) => {
    const marks = roles.map((role) => commandMark(type, role));
    return `| [\`${type}\`](commands.md#${type.toLowerCase()}) | ${marks.join(' | ')} |`;
  });
  return table(['command', ...roles], rows);
}

function commandMark(type: string, role: Role): string {
  const all: Readonly<Record<string, readonly Role[]>> = commandRoles;
  const allowed = all[type];
  if (allowed === undefined) throw new Error(`${type} is no command that somebody may send.`);
  return allowed.includes(role) ? '◐' : '';
}

function table(heads: readonly string[], rows: readonly string[]): string {
  return [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---').join('|')}|`, ...rows].join('\n');
}
