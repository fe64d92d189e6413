import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './processIdentity.ts';
import type { ProcessIdentity } from './processIdentity.ts';
import type { RunningPart } from './startProcess.ts';
import { signalProcess, stopProcess } from './stopProcess.ts';

/** How often an adopted process is looked at, milliseconds: nobody tells us when it ends. */
const lookEveryMs = 250;

/** A part that another command started, as if this one had. */
export function adoptProcess(identity: ProcessIdentity, stopSignal: NodeJS.Signals): RunningPart {
  let ended: Promise<void> | undefined;
  const watch = async (): Promise<void> => {
    while (isAlive(identity)) await sleep(lookEveryMs, undefined, { ref: false });
  };
  return {
    ...identity,
    get ended() {
      ended ??= watch();
      return ended;
    },
    stop: () => stopProcess(identity, { signal: stopSignal }),
    kill: () => signalProcess(identity, 'SIGKILL'),
    release: () => undefined,
  };
}
