import { describe, expect, it } from 'vitest';
import { changeText } from './changeText.ts';

const ended = {
  type: 'QuotaOverrideEnded',
  actor: { kind: 'user', subject: 'ana' },
  decidedAt: '2026-01-01T00:00:00Z',
  reason: 'launch',
};

describe('who changed a thing', () => {
  it('is whoever sent the command', () => {
    expect(changeText({ ...ended, cause: 'command' })).toBe(
      'QuotaOverrideEnded by user:ana at 2026-01-01T00:00:00Z: launch',
    );
  });

  it('is the timer of whoever set it, for what came due by itself', () => {
    expect(changeText({ ...ended, cause: 'timer' })).toContain('by a timer of user:ana at');
  });
});
