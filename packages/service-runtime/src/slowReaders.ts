import type { RequestHandler } from 'express';

/**
 * Cuts the connection of a client that has not taken a whole answer so long after it was complete: one
 * that reads a byte now and then is never idle, and would hold the answer in memory for ever. An answer
 * that still grows, an event stream say, bounds itself by what it leaves unsent.
 */
export function cutSlowReaders(limitMs: number): RequestHandler {
  return (_request, response, next) => {
    response.once('prefinish', () => {
      if (response.writableLength === 0) return;
      const timer = setTimeout(() => response.destroy(), limitMs);
      timer.unref();
      response.once('close', () => clearTimeout(timer));
    });
    next();
  };
}
