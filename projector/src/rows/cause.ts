/**
 * What an event answers, as its envelope says it: one of a timer carries the actor who set the timer, and
 * nobody did it then.
 *
 * @param timer of the envelope; null for commands
 */
export function causeOf(timer: string | null): 'command' | 'timer' {
  return timer === null ? 'command' : 'timer';
}
