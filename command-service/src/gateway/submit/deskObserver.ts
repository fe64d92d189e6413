import type { CommandMessage } from '@prorata/schemas';
import type { Submitted } from './submitted.ts';

/** What becomes of one command, told as it happens: for metrics, logs and traces. */
export interface ObservedCommand {
  /** Headers to send along with the record, such as the trace's; never signed, never trusted. */
  readonly headers: Readonly<Record<string, string>>;
  understood(command: CommandMessage): void;
  ended(submitted: Submitted): void;
  /** A SubmissionRefused, or a fault. */
  failed(error: unknown): void;
}

export interface DeskObserver {
  /** @param traceparent of the caller's trace (W3C), as it came */
  began(commandId: string, traceparent: string | undefined): ObservedCommand;
}

const nothing = (): void => undefined;

/** Tells nobody. */
export const noObserver: DeskObserver = {
  began: () => ({ headers: {}, understood: nothing, ended: nothing, failed: nothing }),
};
