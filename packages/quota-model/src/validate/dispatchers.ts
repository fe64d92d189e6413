import type { Dispatcher, Violation } from '@prorata/schemas';
import { violation } from '../decide/answer.ts';
import { DISPATCHERS_MAX, DISPATCHER_SETTINGS_LENGTH_MAX, URL_LENGTH_MAX } from '../modelBounds.ts';
import { invalid, nameViolations, secretNameViolations } from './declaredNames.ts';
import { isHttpUrl } from './httpUrl.ts';
import { isJsonObject } from './jsonObject.ts';

/** The form alone: what a kind makes of its settings, who dispatches checks. */
export function dispatcherViolations(
  dispatchers: readonly Dispatcher[],
  path: string,
): Violation[] {
  const names = nameViolations(dispatchers, DISPATCHERS_MAX, path);
  if (dispatchers.length > DISPATCHERS_MAX) return names;
  return [
    ...names,
    ...dispatchers.flatMap((dispatcher, index) => oneViolations(dispatcher, `${path}/${index}`)),
  ];
}

function oneViolations({ kind, target, secretRef, settings }: Dispatcher, at: string): Violation[] {
  const violations = secretNameViolations(secretRef, `${at}/secretRef`);
  if (target === '' || target.length > URL_LENGTH_MAX) {
    violations.push(invalid(`${at}/target`, `A target has 1 to ${URL_LENGTH_MAX} characters.`));
  } else if (kind === 'webhook' && !isHttpUrl(target)) {
    violations.push(
      invalid(`${at}/target`, 'A webhook is an address http(s)://host[:port][/path].'),
    );
  }
  if (settings === null) return violations;
  if (settings.length > DISPATCHER_SETTINGS_LENGTH_MAX) {
    const message = `Settings have at most ${DISPATCHER_SETTINGS_LENGTH_MAX} characters of JSON.`;
    violations.push(violation('TOO_LARGE', `${at}/settings`, message));
  } else if (!isJsonObject(settings)) {
    violations.push(invalid(`${at}/settings`, 'Settings are not a JSON object.'));
  }
  return violations;
}
