import { describe, expect, it } from 'vitest';
import { MissingTool, javaMajor } from './java.ts';

describe('the version of Java', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "21" 2023-09-19', 21],
    ['java version "1.8.0_402"', 8],
  ])('is read from %s', (text, major) => {
    expect(javaMajor(text)).toBe(major);
  });

  it('is unknown when no version is printed', () => {
    expect(javaMajor('command not found')).toBeUndefined();
  });
});

describe('a missing tool', () => {
  it('is named, with how to get it', () => {
    const { message } = new MissingTool(['Java 17 or later', 'Maven 3'], 'may not install here');
    expect(message).toContain('Java 17 or later and Maven 3');
    expect(message).toContain('apt-get install');
  });
});
