import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { StreamPlaces } from './streamPlaces.ts';

const by = (subject: string) => ({
  actor: { kind: 'service', issuer: 'https://id.test', subject } as const,
});
const stream = (destroyed = false): ServerResponse =>
  Object.assign(new EventEmitter(), { destroyed }) as unknown as ServerResponse;

it('one principal takes no more than its part of the places, and others still get one', () => {
  const places = new StreamPlaces(4, 2);
  const own = [stream(), stream()];
  for (const each of own) places.take(by('flood'), each);
  const refused = expect.objectContaining({ status: 503, code: 'TOO_MANY_STREAMS' }) as Error;
  expect(() => places.take(by('flood'), stream())).toThrow(refused);
  const others = [stream(), stream()];
  for (const [at, each] of others.entries()) places.take(by(`host-${at}`), each);
  expect(() => places.take(by('late'), stream())).toThrow(refused);
});

it('a place comes back when its stream is closed, and one that was closed before takes none', () => {
  const places = new StreamPlaces(1, 1);
  places.take(by('a'), stream(true));
  for (let count = 0; count < 3; count++) {
    const open = stream();
    places.take(by('a'), open);
    expect(() => places.take(by('a'), stream())).toThrow('of one principal');
    open.emit('close');
  }
});
