import { delay } from '../delay.ts';
import { asLogError, faultOf, meansAbsentTopic } from './errors.ts';

/** Outlives a broker's restart; after it the caller learns that the log is away, milliseconds. */
const retryForMs = 30_000;
/** A new topic reaches every broker's metadata well within this; then it is absent, milliseconds. */
const absentTopicForMs = 2_000;
const pauseMinMs = 5;
const pauseMaxMs = 500;

/** Repeats a read while its failure may pass. @throws LogUnavailable | LogRefused */
export async function retrying<T>(
  doing: string,
  read: () => Promise<T>,
  reset: () => void,
): Promise<T> {
  const startedMs = performance.now();
  for (let pauseMs = pauseMinMs; ; pauseMs = Math.min(pauseMs * 2, pauseMaxMs)) {
    try {
      return await read();
    } catch (error) {
      const passedMs = performance.now() - startedMs;
      const allowedMs = meansAbsentTopic(error) ? absentTopicForMs : retryForMs;
      if (!faultOf(error).retriable || passedMs > allowedMs) throw asLogError(error, doing);
      reset();
      await delay(pauseMs);
    }
  }
}
