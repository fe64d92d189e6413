import { ruleOf } from '@prorata/quota-model';
import type { ApplicationState } from '@prorata/quota-model';
import type { Dispatcher, Rule } from '@prorata/schemas';
import { TargetRefused } from '../dispatch/dispatcher.ts';
import { dispatchedSetOf } from '../dispatch/dispatchedSetOf.ts';
import { dispatcherType } from '../dispatch/dispatchers.ts';
import { textFor } from '../dispatch/textFor.ts';
import type { TargetText } from '../dispatch/textFor.ts';

const kinds = ['file', 'kubernetes', 'tidb', 'webhook', 'yunikorn'] as const;

/** Of rules that are not in the log: nobody has decided them. */
const undecided = { eventOffset: -1n, decidedAt: 0n };

/**
 * The text that a target gets by the terms of the application's dispatcher, or by the kind's own where none of the
 * kind is registered.
 * @param name of the dispatcher; null: the first of the kind
 */
export function renderTarget(
  state: ApplicationState,
  kind: string,
  name: string | null,
): TargetText {
  const dispatcher = dispatcherOf(state, kind, name);
  if (typeof dispatcher === 'string') return refused(dispatcher);
  const isRegistered = state.registration.dispatchers.includes(dispatcher);
  const text = textOf(state, dispatcher);
  if (isRegistered || text.kind !== 'text') return text;
  const note = `No dispatcher of the kind ${kind} is registered for ${state.id}: these are the kind's own terms.`;
  return { ...text, notes: [note, ...text.notes] };
}

function textOf(state: ApplicationState, dispatcher: Dispatcher): TargetText {
  const rules = new Map<string, Rule>();
  for (const id of state.quotas.keys()) rules.set(id, { ...ruleOf(state, id), ...undecided });
  try {
    const format = dispatcherType(dispatcher).format(dispatcher, state.id);
    return textFor(format, dispatchedSetOf(state, rules));
  } catch (error) {
    if (error instanceof TargetRefused) return refused(error.message);
    throw error;
  }
}

/** @returns why there is none, where there is none */
function dispatcherOf(
  { registration }: ApplicationState,
  asked: string,
  name: string | null,
): Dispatcher | string {
  const kind = kinds.find((each) => each === asked);
  if (kind === undefined) return `${asked} is none of ${kinds.join(', ')}.`;
  const ofKind = registration.dispatchers.filter((each) => each.kind === kind);
  if (name === null) {
    return ofKind[0] ?? { name: kind, kind, target: kind, secretRef: null, settings: null };
  }
  return ofKind.find((each) => each.name === name) ?? `There is no dispatcher ${name} for ${kind}.`;
}

const refused = (reason: string): TargetText => ({ kind: 'refused', reasons: [reason] });
