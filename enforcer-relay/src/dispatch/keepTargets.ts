import { settingsFormViolations } from '@prorata/quota-model';
import type { KeptSettings } from '@prorata/quota-model';
import type { Dispatcher, TargetReport } from '@prorata/schemas';
import { guardedRequest, mustBeAllowed, secretText } from '@prorata/service-runtime';
import type { Logger, Settings } from '@prorata/service-runtime';
import { systemDispatchClock } from './dispatchClock.ts';
import { TargetRefused } from './dispatcher.ts';
import type { Format, Place, TargetAccess } from './dispatcher.ts';
import { dispatcherType } from './dispatchers.ts';
import type { Keep } from './partitionTargets.ts';
import { settingsOf } from './settingsOf.ts';
import { Turns } from './turns.ts';

/** Between two looks at a target that the settings say nothing of, seconds. */
const POLL_SECONDS = 30;

/** Targets that one instance looks at in the same moment; those that do not answer hold theirs for a minute. */
const LOOKS_AT_ONCE = 64;

export interface TargetOperator {
  readonly settings: Pick<Settings, 'dispatch' | 'validators'>;
  readonly logger: Logger;
  readonly report: (report: TargetReport) => Promise<void>;
}

/** What a keeper needs of this instance: what its operator allows, where it reports, how it logs. */
export function keepTargets(operator: TargetOperator): Keep {
  const { logger, report } = operator;
  const turns = new Turns(LOOKS_AT_ONCE);
  return (application, dispatcher) => {
    const { kept, ...target } = opened(operator, application, dispatcher);
    const { pollSeconds = POLL_SECONDS, onDrift = 'restore' } = kept;
    return {
      ...target,
      clock: systemDispatchClock,
      report,
      turns,
      logger,
      settings: { pollMs: pollSeconds * 1_000, onDrift },
    };
  };
}

interface Opened {
  readonly format: Format;
  readonly place: Place;
  readonly kept: KeptSettings;
}

/**
 * A dispatcher that this relay cannot have is a target all the same, and its report says why it gets nothing. It
 * hinders no other, whatever is wrong with it.
 */
function opened(operator: TargetOperator, application: string, dispatcher: Dispatcher): Opened {
  try {
    const type = dispatcherType(dispatcher);
    // The log has registrations that nobody checked so: a path out of the application's folder, a poll without a pause.
    const [wrong] = settingsFormViolations(dispatcher, '');
    if (wrong !== undefined) throw new TargetRefused(`${wrong.path.slice(1)}: ${wrong.message}`);
    return {
      format: type.format(dispatcher, application),
      place: type.place(dispatcher, accessOf(operator, application)),
      kept: settingsOf(dispatcher),
    };
  } catch (error) {
    if (error instanceof TargetRefused) return refusing(error);
    const { name } = dispatcher;
    operator.logger.warn({ err: error, application, dispatcher: name }, 'A target cannot be kept.');
    return refusing(new TargetRefused('It cannot be kept by this relay, whose log says why.'));
  }
}

function refusing(error: TargetRefused): Opened {
  const reason = error.message;
  return {
    format: {
      render: () => ({ kind: 'refused', reasons: [reason] }),
      check: () => [reason],
      held: () => [],
    },
    place: {
      read: () => Promise.reject(error),
      write: () => Promise.reject(error),
    },
    kept: {},
  };
}

function accessOf({ settings }: TargetOperator, application: string): TargetAccess {
  const { dispatch, validators } = settings;
  const hosts = new Set(dispatch?.hosts ?? []);
  const place = { directory: validators.secretsDirectory, application };
  return {
    application,
    directory: dispatch?.directory ?? null,
    hosts,
    second: () => BigInt(Math.floor(Date.now() / 1_000)),
    secret: (name) => secretText(place, name),
    async request(request) {
      mustBeAllowed(request.url, hosts);
      return guardedRequest(request);
    },
  };
}
