import { describe } from 'vitest';
import { eachSeed } from '../testing/eachSeed.ts';

describe('writers decide each command once, whatever happens to them', () => {
  eachSeed(201, 300);
});
