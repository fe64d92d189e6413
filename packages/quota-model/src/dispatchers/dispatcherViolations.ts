import type { Dispatcher, ResourceDeclaration, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { DISPATCHERS_MAX, DISPATCHER_SETTINGS_LENGTH_MAX, URL_LENGTH_MAX } from '../modelBounds.ts';
import { invalid, nameViolations, secretNameViolations } from '../validate/declaredNames.ts';
import { settingsViolations } from './settingsViolations.ts';

/** What each dispatcher of a registration must be; whether its host may be spoken to, the gateway and the relay say. */
export function dispatcherViolations(
  dispatchers: readonly Dispatcher[],
  path: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): Violation[] {
  const names = nameViolations(dispatchers, DISPATCHERS_MAX, path);
  if (dispatchers.length > DISPATCHERS_MAX) return names;
  return [
    ...names,
    ...sharedTargets(dispatchers, path),
    ...dispatchers.flatMap((dispatcher, index) =>
      oneViolations(dispatcher, `${path}/${index}`, resources),
    ),
  ];
}

/** Each would undo what the other writes. */
function sharedTargets(dispatchers: readonly Dispatcher[], path: string): Violation[] {
  const seen = new Set<string>();
  return dispatchers.flatMap(({ target }, index) => {
    if (!seen.has(target)) {
      seen.add(target);
      return [];
    }
    return [invalid(`${path}/${index}/target`, `Another dispatcher writes to ${target}.`)];
  });
}

function oneViolations(
  dispatcher: Dispatcher,
  at: string,
  resources: ReadonlyMap<string, ResourceDeclaration>,
): Violation[] {
  const { target, secretRef, settings } = dispatcher;
  const violations = secretNameViolations(secretRef, `${at}/secretRef`);
  if (target === '' || target.length > URL_LENGTH_MAX) {
    return [
      ...violations,
      invalid(`${at}/target`, `A target has 1 to ${URL_LENGTH_MAX} characters.`),
    ];
  }
  if (settings !== null && settings.length > DISPATCHER_SETTINGS_LENGTH_MAX) {
    const message = `Settings have at most ${DISPATCHER_SETTINGS_LENGTH_MAX} characters of JSON.`;
    return [...violations, violation('TOO_LARGE', `${at}/settings`, message)];
  }
  return [...violations, ...settingsViolations(dispatcher, at, resources)];
}
