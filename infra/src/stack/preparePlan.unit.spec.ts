import { describe, expect, it } from 'vitest';
import { takenPorts } from './preparePlan.ts';
import { usualPorts } from './stackParts.ts';

describe('a port that another program has', () => {
  it('is named, with the one that was taken instead', () => {
    expect(takenPorts(usualPorts, { ...usualPorts, gateway: 40_123 })).toEqual([
      'port 8080 is taken: gateway gets 40123 instead',
    ]);
    expect(takenPorts(usualPorts, usualPorts)).toEqual([]);
    expect(takenPorts({}, usualPorts)).toEqual([]);
  });
});
