import { CommandError } from '../commandError.ts';
import { answerAs } from '../output/answerAs.ts';
import type { OutputOptions } from '../output/answerAs.ts';
import { colours } from '../output/colours.ts';
import { withProgress } from '../output/progress.ts';
import { screenText } from '../output/screenText.ts';
import { tableLines } from '../output/table.ts';
import { textIn } from '../plan/json.ts';
import type { Json } from '../plan/json.ts';
import { connected } from './connected.ts';
import { get } from './get.ts';

/** Budgets of all organizations, of one, or one with its spend: `acme/assistant-monthly`. */
export async function budget(id: string | undefined, options: OutputOptions): Promise<number> {
  if (id?.includes('/') !== true) return get('budgets', id, options);
  const [organization = '', budgetId = '', ...more] = id.split('/');
  if (budgetId === '' || more.length > 0) {
    throw new CommandError(`${id} is no budget's id: <organization>/<budget>`, 2);
  }
  const client = await connected();
  const place = [organization, budgetId].map(encodeURIComponent).join('/');
  const spend = await withProgress(`reading ${id}`, () =>
    client.get<Json>(`/v1/budgets/${place}/spend`),
  );
  await answerAs(options.output, spend, () => linesOf(spend));
  return 0;
}

function linesOf(spend: Json): readonly string[] {
  const currency = textIn(spend, 'currency');
  const window = spend['window'] as Json;
  const spent = textIn(spend, 'spend');
  const frozen = (spend['frozen'] ?? []) as readonly Json[];
  const lines = (spend['lines'] ?? []) as readonly Json[];
  return [
    `${colours.bold(textIn(spend, 'budget'))} of ${holderOf(spend)}: ${textIn(spend, 'amount')} ${currency} from ${textIn(window, 'start')} to ${textIn(window, 'end')}`,
    ...(spend['mode'] === 'dry_run' ? ['It cuts nothing, and only tells what it would cut.'] : []),
    spent === ''
      ? 'Spent: not known'
      : `Spent: ${spent} ${currency}${overrunText(spend['overrunBasisPoints'])}`,
    ...frozen.map((each) =>
      colours.yellow(
        screenText(`Nothing is cut: ${textIn(each, 'code')} ${textIn(each, 'detail')}`),
      ),
    ),
    ...(lines.length === 0 ? [] : lineTable(lines)),
    ...cutLines(spend),
  ];
}

/** A project, a team, or the whole organization. */
function holderOf(spend: Json): string {
  return textIn(spend, 'project') || textIn(spend, 'team') || textIn(spend, 'organization');
}

function overrunText(basisPoints: unknown): string {
  if (typeof basisPoints !== 'number') return '';
  const percent = Math.abs(basisPoints) / 100;
  return basisPoints > 0 ? colours.red(`, ${percent} % over`) : `, ${percent} % left`;
}

const lineHeads = ['category', 'application', 'resource', 'used', 'money'] as const;

function lineTable(lines: readonly Json[]): readonly string[] {
  const heads = lineHeads.filter((head) => lines.some((line) => textIn(line, head) !== ''));
  return tableLines(
    heads,
    lines.map((line) => heads.map((head) => textIn(line, head))),
  );
}

function cutLines(spend: Json): readonly string[] {
  const applications = (spend['applications'] ?? []) as readonly Json[];
  return applications
    .filter(({ cut }) => cut !== null && cut !== undefined)
    .map((each) =>
      colours.red(
        screenText(`${textIn(each, 'application')} is cut: ${JSON.stringify(each['cut'])}`),
      ),
    );
}
