import { describe, expect, it } from 'vitest';
import { putOff } from './putOff.ts';

describe('why a command was put off', () => {
  it('is told by its code, and in words where there are any', () => {
    expect(putOff({ code: 'TIMERS_PENDING', detail: 'Send it again.' })).toBe(
      ' (TIMERS_PENDING: Send it again.)',
    );
    expect(putOff({ code: 'BUSY', detail: null })).toBe(' (BUSY)');
  });

  it('is not told where nobody said it', () => {
    expect(putOff({ code: null, detail: null })).toBe('');
  });
});
