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

/** Why a budget cuts, or does not: usage, money, overrun, what each step would take, and what comes next. */
export async function budgetExplain(id: string, options: OutputOptions): Promise<number> {
  const [organization = '', budgetId = '', ...more] = id.split('/');
  if (organization === '' || budgetId === '' || more.length > 0) {
    throw new CommandError(`${id} is no budget's id: <organization>/<budget>`, 2);
  }
  const client = await connected();
  const place = [organization, budgetId].map(encodeURIComponent).join('/');
  const explained = await withProgress(`reading ${id}`, () =>
    client.get<Json>(`/v1/budgets/${place}/explain`),
  );
  await answerAs(options.output, explained, () => budgetExplainLines(explained));
  return 0;
}

const PERCENT = 100;
const percent = (basisPoints: unknown): string => `${Number(basisPoints) / PERCENT} %`;
const listIn = (json: Json, name: string): readonly Json[] => (json[name] ?? []) as readonly Json[];
const partIn = (json: Json, name: string): Json | null => (json[name] ?? null) as Json | null;

/** For people: from the money down to the cut, a paragraph each. */
export function budgetExplainLines(explained: Json): readonly string[] {
  return [
    ...moneyLines(explained),
    ...section('What it is made of', lineRows(explained)),
    ...section('What would happen at which spend', stepRows(explained)),
    ...section('Cut now', cutLines(explained)),
    ...section('Thresholds of this window', thresholdRows(explained)),
    ...forecastLines(explained),
    ...listIn(explained, 'frozen').map((frozen) =>
      colours.yellow(
        screenText(`Nothing is cut: ${textIn(frozen, 'code')} ${textIn(frozen, 'detail')}`),
      ),
    ),
    ...nextLines(explained),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', colours.bold(title), ...lines];
}

function moneyLines(explained: Json): readonly string[] {
  const budget = partIn(explained, 'budget') ?? {};
  const window = partIn(explained, 'window') ?? {};
  const currency = textIn(budget, 'currency');
  const of =
    textIn(budget, 'project') || textIn(budget, 'team') || textIn(explained, 'organization');
  const mode = budget['mode'] === 'dry_run' ? ', which only tells what it would cut' : '';
  const spent = textIn(explained, 'spend');
  const said = spent === '' ? 'not known' : `${spent} ${currency}`;
  return [
    colours.bold(
      screenText(
        `${textIn(budget, 'id')} of ${of}: ${textIn(budget, 'amount')} ${currency}${mode}`,
      ),
    ),
    screenText(`From ${textIn(window, 'start')} to ${textIn(window, 'end')}.`),
    screenText(`Spent: ${said}${overrunText(explained['overrunBasisPoints'])}.`),
    screenText(sourceText(explained)),
  ];
}

function overrunText(basisPoints: unknown): string {
  if (typeof basisPoints !== 'number') return '';
  return basisPoints > 0
    ? `, ${percent(basisPoints)} over the budget`
    : `, ${percent(-basisPoints)} left`;
}

function sourceText(explained: Json): string {
  const book = partIn(explained, 'priceBook');
  const table = `the usage table's version ${textIn(partIn(explained, 'usage') ?? {}, 'tableVersion')}`;
  if (book === null) return `By ${table}, without a price book.`;
  return `By version ${textIn(book, 'version')} of price book ${textIn(book, 'id')}, and ${table}.`;
}

const lineHeads = ['category', 'application', 'resource', 'used', 'price', 'since', 'money'];

function lineRows(explained: Json): readonly string[] {
  const rows = listIn(explained, 'lines').map((line) => {
    const price = partIn(line, 'price');
    const priceText = price && `${textIn(price, 'amount')} per ${textIn(price, 'perUnits')}`;
    return [
      ...['category', 'application', 'resource', 'used'].map((name) => textIn(line, name)),
      priceText ?? '',
      price === null ? '' : textIn(price, 'effectiveFrom'),
      textIn(line, 'money'),
    ];
  });
  return rows.length === 0 ? [] : tableLines(lineHeads, rows);
}

function stepRows(explained: Json): readonly string[] {
  const rows = listIn(explained, 'steps').map((step) => [
    textIn(step, 'atSpend'),
    step['isReached'] === true ? 'reached' : '',
    listIn(step, 'tiers')
      .filter((tier) => Number(tier['quotas']) > 0)
      .map(
        (tier) =>
          `${textIn(tier, 'quotas')} of tier ${textIn(tier, 'tier')} lose ${percent(tier['cutBasisPoints'])}`,
      )
      .join(', '),
    ((step['waves'] ?? []) as readonly number[]).join(', then '),
  ]);
  return rows.length === 0 ? [] : tableLines(['spend', '', 'quotas', 'in waves of'], rows);
}

function cutLines(explained: Json): readonly string[] {
  return listIn(explained, 'places').flatMap((place) => {
    const cut = partIn(place, 'cut');
    if (cut === null) return [];
    const where = `${textIn(place, 'project')} in ${textIn(place, 'application')}`;
    const text = `${where}: ${textIn(cut, 'quotas')} quotas, by step ${textIn(cut, 'step')} since ${textIn(cut, 'since')}, until ${textIn(cut, 'until')} at the latest`;
    return [colours.red(screenText(text))];
  });
}

function thresholdRows(explained: Json): readonly string[] {
  const rows = listIn(explained, 'thresholds').map((threshold) => [
    textIn(threshold, 'basis'),
    percent(threshold['basisPoints']),
    textIn(threshold, 'atSpend'),
    textIn(threshold, 'upAt'),
    textIn(threshold, 'downAt'),
  ]);
  return rows.length === 0 ? [] : tableLines(['of', 'at', 'spend', 'reached at', 'left at'], rows);
}

function forecastLines(explained: Json): readonly string[] {
  const forecast = partIn(explained, 'forecast');
  if (forecast === null) return [];
  if (forecast['kind'] !== 'forecast') {
    return ['', screenText(`No forecast: ${textIn(forecast, 'detail')}.`)];
  }
  const breach = textIn(forecast, 'breachAt');
  const [point, low, high] = ['point', 'low80', 'high80'].map((name) => textIn(forecast, name));
  const text = `At the end of the window: ${point} (80 %: ${low} to ${high}); the chance of a breach is ${percent(forecast['chanceBasisPoints'])}${breach === '' ? '' : `, likely by ${breach}`}. A forecast cuts nothing.`;
  return ['', screenText(text)];
}

const reasons: Readonly<Record<string, string>> = {
  now: 'It acts at its next look.',
  rest: 'It rests, and may act again at',
  override: 'A person has stopped its cuts until',
  window: 'Unless spend or the budget changes, nothing happens until the window ends at',
};

const FROZEN_UNTIL =
  'It looks again all the time, and acts once nothing holds it back; the window ends at';

function nextLines(explained: Json): readonly string[] {
  const next = partIn(explained, 'next');
  if (next === null) return [];
  const why = textIn(next, 'why');
  const isHeldBack = why === 'window' && listIn(explained, 'frozen').length > 0;
  const said = isHeldBack ? FROZEN_UNTIL : (reasons[why] ?? why);
  return ['', screenText(why === 'now' ? said : `${said} ${textIn(next, 'at')}.`)];
}
