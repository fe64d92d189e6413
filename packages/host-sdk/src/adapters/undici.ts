import type { Dispatcher } from 'undici';
import { passCall } from './outgoing.ts';
import type { OutgoingOptions } from './outgoing.ts';
import type { Passage } from './passage.ts';

export { QuotaRefused } from './quotaRefused.ts';
export type { OutgoingOptions } from './outgoing.ts';

type Handler = Dispatcher.DispatchHandler;
type Dispatch = Parameters<Dispatcher.DispatcherComposeInterceptor>[0];

/**
 * An interceptor for undici (`agent.compose(...)`): a call that its quota has no room for fails with
 * QuotaRefused and is not made. A permit comes back with the end of the answer.
 */
export function quotaInterceptor(
  options: OutgoingOptions<Dispatcher.DispatchOptions>,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (call, handler) => {
    let passage: Passage | Promise<Passage>;
    try {
      passage = passCall(options, call);
    } catch (error) {
      refuse(handler, error as Error);
      return true;
    }
    if (!(passage instanceof Promise)) return goOn(dispatch, call, handler, passage);
    passage
      .then((late) => goOn(dispatch, call, handler, late))
      .catch((error: unknown) => refuse(handler, error as Error));
    return true;
  };
}

function goOn(
  dispatch: Dispatch,
  call: Dispatcher.DispatchOptions,
  handler: Handler,
  passage: Passage,
): boolean {
  try {
    return dispatch(call, releasing(handler, passage));
  } catch (error) {
    passage.release();
    throw error;
  }
}

/** Not within the call that made the request: whoever made it does not listen yet. */
function refuse(handler: Handler, error: Error): void {
  queueMicrotask(() => handler.onResponseError?.(NO_CONTROLLER, error));
}

/** A request that was never sent has nothing to pause or abort. */
const NO_CONTROLLER: Dispatcher.DispatchController = {
  aborted: true,
  paused: false,
  reason: null,
  abort: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
};

/** The handler as it is, but for the end: what it does not listen to stays unset. */
function releasing(handler: Handler, passage: Passage): Handler {
  return new Proxy(handler, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(target, name, target);
      if (name === 'onResponseEnd' || name === 'onResponseError' || name === 'onRequestUpgrade') {
        return (...values: unknown[]): unknown => {
          passage.release();
          return typeof value === 'function' ? Reflect.apply(value, target, values) : undefined;
        };
      }
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
