import { addressesOf } from '@prorata/quota-model';
import type { Dispatcher } from '@prorata/schemas';
import { HostNotAllowed, mustBeAllowed } from '@prorata/service-runtime';
import { SubmissionRefused } from '../submit/submissionRefused.ts';

/**
 * Said when it is registered: later nothing but a report would tell that the target gets nothing. The relay looks
 * again before each exchange; the model judges what is no address at all.
 * @throws SubmissionRefused
 */
export function refuseForeignDispatchers(
  dispatchers: readonly Dispatcher[],
  hosts: ReadonlySet<string>,
): void {
  const violations = dispatchers.flatMap((dispatcher, index) =>
    addressesOf(dispatcher).flatMap(({ path, url }) => {
      const message = hostFault(url, hosts);
      return message === null ? [] : [{ path: `/data/dispatchers/${index}${path}`, message }];
    }),
  );
  const [first] = violations;
  if (first === undefined) return;
  throw new SubmissionRefused('DISPATCHER_HOST_NOT_ALLOWED', first.message, { violations });
}

function hostFault(text: string, hosts: ReadonlySet<string>): string | null {
  if (!URL.canParse(text)) return null;
  try {
    mustBeAllowed(new URL(text), hosts);
    return null;
  } catch (error) {
    if (error instanceof HostNotAllowed) return error.message;
    throw error;
  }
}
