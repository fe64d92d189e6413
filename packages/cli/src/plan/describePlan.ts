import { placeText } from '../file/place.ts';
import { hintFor } from '../gateway/hints.ts';
import { colours } from '../output/colours.ts';
import { limitText, numberText } from '../output/limitText.ts';
import { screenText } from '../output/screenText.ts';
import { tableLines } from '../output/table.ts';
import type { Check, Failure, HiddenLimit } from './check.ts';
import { isJson, textIn } from './json.ts';
import type { Json } from './json.ts';
import { actionsOf } from './plan.ts';
import type { Action, ActionKind, Plan } from './plan.ts';

const marks: Readonly<Record<ActionKind, string>> = {
  create: colours.green('+'),
  change: colours.yellow('~'),
  transfer: colours.yellow('→'),
  delete: colours.red('-'),
};

/** A plan and what was found about it, in lines for people. */
export function planLines(plan: Plan, checks: readonly Check[]): readonly string[] {
  if (plan.commands.length === 0 && plan.obstacles.length === 0) {
    return ['Nothing to change: what is declared is what there is.'];
  }
  return [
    ...streamLines(plan),
    ...inForceLines(checks),
    ...hiddenLines(checks),
    ...remarkLines(checks),
    ...failureLines(failuresIn(plan, checks)),
    summaryLine(plan),
  ];
}

/**
 * The same for whoever has agreed beforehand, and has seen it by `plan`: what is changed without its fields, and what
 * may be news. All of it where it would be refused.
 */
export function agreedPlanLines(plan: Plan, checks: readonly Check[]): readonly string[] {
  const isNothing = plan.commands.length === 0;
  if (isNothing || failuresIn(plan, checks).length > 0) return planLines(plan, checks);
  const news = [...hiddenLines(checks), ...remarkLines(checks)];
  return [...streamLines(plan, headOf), ...news, summaryLine(plan)];
}

function streamLines(
  plan: Plan,
  linesOf: (action: Action) => readonly string[] = actionLines,
): readonly string[] {
  return [...Map.groupBy(plan.commands, ({ stream }) => stream)].flatMap(([stream, commands]) => [
    colours.bold(stream.replace(':', ' ')),
    ...commands.flatMap(({ actions }) => actions.flatMap(linesOf)),
    ...severalLines(commands.filter(({ type }) => type === 'ChangeTree').length),
    '',
  ]);
}

function severalLines(trees: number): readonly string[] {
  if (trees < 2) return [];
  return [`  The quotas go in ${trees} commands, each all or none: one has no room for so many.`];
}

function actionLines(action: Action): readonly string[] {
  const head = headOf(action);
  if (action.kind === 'delete') return head;
  const told = action.differences.filter(({ field }) => !inId.has(field));
  return [...head, ...told.map(differenceLine(action.kind))];
}

function headOf({ kind, what, id, declared }: Action): readonly string[] {
  const place = declared === null ? '' : `  ${colours.dim(placeText(declared.placeOf()))}`;
  return [`  ${marks[kind]} ${what} ${id}${place}`];
}

/** Fields that the id has told. */
const inId = new Set(['teamId', 'budgetId']);

const differenceLine =
  (kind: ActionKind) =>
  ({ field, before, after }: Action['differences'][number]): string => {
    const [left, right] = [valueText(before), valueText(after)];
    const change = kind === 'create' ? right : `${left} ${colours.dim('→')} ${right}`;
    return screenText(`      ${field}  `) + change;
  };

function valueText(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (
    isJson(value) &&
    ['rate', 'concurrency', 'capacity', 'consumable'].some((kind) => kind in value)
  ) {
    return limitText(value);
  }
  if (isJson(value)) return screenText(ownText(value) ?? shortJson(value));
  return screenText(typeof value === 'string' ? value : shortJson(value));
}

/** Of items whose field's name has told the rest already; null: any other. */
function ownText(item: Json): string | null {
  if ('perUnits' in item) return priceText(item);
  return 'cutBasisPoints' in item ? `cuts ${shortJson(item['cutBasisPoints'])}` : null;
}

function priceText(price: Json): string {
  const unit = textIn(price, 'unit');
  const steps = (price['steps'] ?? []) as readonly Json[];
  return [
    `${textIn(price, 'amount')} for ${numberText(price['perUnits'])}`,
    ...(unit === '' ? [] : [`a ${unit}`]),
    ...steps.map((step) => `beyond ${numberText(step['fromUnits'])} ${textIn(step, 'amount')}`),
    ...(price['basis'] === 'greater_of_reserved_and_used' ? ['reserved counts as used'] : []),
  ].join(', ');
}

/** Without what says nothing. */
function shortJson(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) => each ?? undefined);
}

function inForceLines(checks: readonly Check[]): readonly string[] {
  const rows = checks.flatMap(({ inForce }) =>
    inForce.map(({ quotaId, resource, before, after }) => [
      ...[quotaId, resource, limitText(before), limitText(after)],
    ]),
  );
  const omitted = checks.reduce((sum, each) => sum + each.omitted, 0);
  if (rows.length === 0) return [];
  return [
    'In force, before and after:',
    ...tableLines(['quota', 'resource', 'before', 'after'], rows).map((line) => `  ${line}`),
    ...(omitted > 0 ? [`  … and ${omitted} more`] : []),
    '',
  ];
}

/** What is declared otherwise, and does not hold: what is in force would say nothing of it. */
function hiddenLines(checks: readonly Check[]): readonly string[] {
  const rows = checks.flatMap(({ hidden }) =>
    hidden.map(({ quotaId, resource, before, after, hiddenBy }) => [
      ...[quotaId, resource, limitText(before), limitText(after), hidingText(hiddenBy)],
    ]),
  );
  if (rows.length === 0) return [];
  const heads = ['quota', 'resource', 'before', 'after', 'in force instead'];
  return [
    'Declared, before and after, and not in force:',
    ...tableLines(heads, rows).map((line) => `  ${line}`),
    '',
  ];
}

const hidingNames = {
  override: 'the override of',
  suspension: 'the suspension of',
  haircut: "a budget's cut of",
  ancestor: 'the limit of',
} as const;

function hidingText({ kind, quotaId, until }: HiddenLimit['hiddenBy']): string {
  return `${hidingNames[kind]} ${quotaId}${until === null ? '' : `, until ${until}`}`;
}

function remarkLines(checks: readonly Check[]): readonly string[] {
  const byText = Map.groupBy(checks, (check) => {
    const { command } = check;
    const text = remarkOf(check);
    return text === null ? '' : `${command.stream.replace(':', ' ')}: ${text}`;
  });
  const remarks = [...byText.keys()].filter((text) => text !== '');
  return remarks.length === 0 ? [] : [...remarks.map((text) => screenText(`${text}.`)), ''];
}

function remarkOf({ verdict, remark, heldBy }: Check): string | null {
  if (heldBy !== null) {
    const { proposalId, isSame, whose } = heldBy;
    const what = isSame ? 'waits already, as it is declared' : 'waits, and is not what is declared';
    return `proposal ${proposalId} ${what}; nothing more is proposed beside it (${whose})`;
  }
  return verdict === 'waits' ? 'will wait for the approval of a second person' : remark;
}

/** Every failed check at once, those that the plan itself found first. */
export function failuresIn(
  { obstacles }: Pick<Plan, 'obstacles'>,
  checks: readonly Check[],
): readonly Failure[] {
  const own = obstacles.map(({ declared, path, message }) => ({
    ...{ code: 'NOT_IN_A_FILE', message, remedy: null, action: null },
    place: declared.placeOf(path),
  }));
  return [...own, ...checks.flatMap(({ failures }) => failures)];
}

export function failureLines(failures: readonly Failure[]): readonly string[] {
  if (failures.length === 0) return [];
  const count = failures.length === 1 ? 'One check fails' : `${failures.length} checks fail`;
  return [colours.red(`${count}:`), ...failures.flatMap(failureText), ''];
}

function failureText({ code, message, remedy, action, place }: Failure): readonly string[] {
  const where = [place === null ? null : placeText(place), action?.id].filter(Boolean);
  const hint = hintFor(code);
  return [
    screenText(`  ${[...where, `${code}: ${message}`].join(' ')}`),
    ...(remedy === null ? [] : [`      What to do: ${remedy}`]),
    ...(hint === null ? [] : [`      To type: ${hint}`]),
  ];
}

export interface Summary {
  readonly create: number;
  readonly change: number;
  readonly delete: number;
}

export function summaryOf(plan: Pick<Plan, 'commands'>): Summary {
  const kinds = actionsOf(plan).map(({ kind }) => (kind === 'transfer' ? 'change' : kind));
  const count = (wanted: string): number => kinds.filter((kind) => kind === wanted).length;
  return { create: count('create'), change: count('change'), delete: count('delete') };
}

function summaryLine(plan: Plan): string {
  const { create, change, delete: gone } = summaryOf(plan);
  return colours.bold(`Plan: ${create} to create, ${change} to change, ${gone} to delete.`);
}

/** A plan as data: what scripts read. */
export function planData(plan: Plan, checks: readonly Check[]): object {
  return {
    summary: summaryOf(plan),
    actions: plan.commands.flatMap(({ stream, actions }) =>
      actions.map(({ kind, what, id, differences, declared }) => ({
        ...{ stream, kind, what, id },
        place: declared === null ? null : placeText(declared.placeOf()),
        differences: differences.map(({ field, before = null, after = null }) => ({
          field,
          before,
          after,
        })),
      })),
    ),
    inForce: checks.flatMap(({ inForce }) => inForce),
    hidden: checks.flatMap(({ hidden }) => hidden),
    inForceOmitted: checks.reduce((sum, { omitted }) => sum + omitted, 0),
    checks: checks.map(({ command, verdict, by, remark, heldBy }) => ({
      ...{
        stream: command.stream,
        type: command.type,
        changes: command.actions.length,
        verdict,
        by,
        remark,
        heldBy,
      },
    })),
    failures: failuresIn(plan, checks).map(({ code, message, remedy, action, place }) => ({
      ...{ code, message, remedy, id: action?.id ?? null },
      place: place === null ? null : placeText(place),
    })),
  };
}
