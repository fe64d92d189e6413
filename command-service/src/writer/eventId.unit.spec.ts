import { describe, expect, it } from 'vitest';
import { eventIdOf } from './eventId.ts';

describe("an event's id", () => {
  it('is a UUID of version 8 that stream and version alone decide', () => {
    const id = eventIdOf('application:moka', 1n);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(eventIdOf('application:moka', 1n)).toBe(id);
  });

  it('differs where stream and version differ, wherever one ends and the other begins', () => {
    const ids = [
      eventIdOf('application:moka', 1n),
      eventIdOf('application:moka', 11n),
      eventIdOf('application:moka1', 1n),
    ];
    expect(new Set(ids).size).toBe(3);
  });
});
