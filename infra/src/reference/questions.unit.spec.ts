import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { routeRules } from '@prorata/service-runtime';
import type { RouteRule } from '@prorata/service-runtime';
import { describe, expect, it } from 'vitest';
import { checkoutDirectory } from '../checkout.ts';

const page = readFileSync(path.join(checkoutDirectory, 'docs/reference/questions.md'), 'utf8');

/** Routes that answer questions, by the one table of routes. */
const questions = Object.entries<RouteRule>(routeRules)
  .filter(
    ([name, { answeredBy }]) =>
      name.startsWith('GET /v1/') &&
      answeredBy.some((service) => service === 'projector' || service === 'rightsizer'),
  )
  .map(([name]) => name);

describe('the page of questions', () => {
  it('has every route that answers one, and no other', () => {
    const named = [...page.matchAll(/`(GET \/v1\/[^`]+)`/g)].map(([, route]) => route);
    expect([...new Set(named)].sort()).toEqual([...questions].sort());
  });

  it('names tests that there are', () => {
    const tests = [...page.matchAll(/`([^`]+\.spec\.ts)`/g)].map(([, file]) => file ?? '');
    expect(tests.length).toBeGreaterThan(20);
    expect(tests.filter((file) => !existsSync(path.join(checkoutDirectory, file)))).toEqual([]);
  });
});
