import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Progress } from './progress.ts';
import { withProgress } from './progress.ts';
import { runTool } from './runTool.ts';

/** Kafka 4.1 and the registry run on 17 and anything later. */
const javaMajorMin = 17;

/** Something that Prorata cannot provide by itself here. The message says what, and how to get it. */
export class MissingTool extends Error {
  override readonly name = 'MissingTool';
  readonly tools: readonly string[];

  constructor(tools: readonly string[], found: string) {
    super(
      `Prorata needs ${tools.join(' and ')} for its local Kafka and schema registry, and ${found}.\n` +
        '  Debian, Ubuntu:  sudo apt-get install default-jre-headless maven\n' +
        '  Fedora, RHEL:    sudo dnf install java-21-openjdk-headless maven\n' +
        '  macOS:           brew install openjdk@21 maven\n' +
        'Set JAVA_HOME when Java is not on the PATH. With KAFKA_BROKERS and SCHEMA_REGISTRY_URL set, neither is needed.',
    );
    this.tools = tools;
  }
}

/** The major version in what `java -version` prints: `17.0.15` is 17, `1.8.0_402` is 8. */
export function javaMajor(versionText: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(versionText);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

export interface Java {
  readonly command: string;
  /** All that it says of its version: what one build has prepared for itself, another cannot use. */
  readonly version: string;
}

async function usableJava(command: string): Promise<Java | undefined> {
  try {
    const version = await runTool(command, ['-version']);
    const major = javaMajor(version);
    return major !== undefined && major >= javaMajorMin ? { command, version } : undefined;
  } catch {
    return undefined;
  }
}

async function findJava(): Promise<Java | undefined> {
  const home = process.env['JAVA_HOME'];
  const candidates = home === undefined ? ['java'] : [path.join(home, 'bin/java'), 'java'];
  for (const candidate of candidates) {
    const java = await usableJava(candidate);
    if (java !== undefined) return java;
  }
  return undefined;
}

async function findMaven(): Promise<boolean> {
  try {
    await runTool('mvn', ['-version']);
    return true;
  } catch {
    return false;
  }
}

/** May packages be installed without asking? Only by root, and only where apt-get is the way. */
function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

async function install(packages: readonly string[], progress: Progress): Promise<void> {
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  await withProgress(progress, `installing ${packages.join(', ')} by apt-get`, async () => {
    await runTool('apt-get', ['update', '-qq'], quiet);
    await runTool(
      'apt-get',
      ['install', '-y', '-qq', '--no-install-recommends', ...packages],
      quiet,
    );
  });
}

async function missingOf(needMaven: boolean): Promise<{ java?: Java; missing: string[] }> {
  const java = await findJava();
  const missing: string[] = [];
  if (java === undefined) missing.push(`Java ${String(javaMajorMin)} or later`);
  if (needMaven && !(await findMaven())) missing.push('Maven 3');
  return { ...(java === undefined ? {} : { java }), missing };
}

/**
 * Java; installs it, and Maven when that is asked for, where it may.
 * @throws MissingTool | ToolFailed
 */
export async function provideJava(needMaven: boolean, progress: Progress): Promise<Java> {
  const before = await missingOf(needMaven);
  if (before.missing.length === 0 && before.java !== undefined) return before.java;
  if (!mayInstall()) {
    throw new MissingTool(
      before.missing,
      'may not install packages here (only root on Debian may)',
    );
  }
  const packages = before.missing.map((tool) =>
    tool.startsWith('Java') ? 'default-jre-headless' : 'maven',
  );
  await install(packages, progress);
  const after = await missingOf(needMaven);
  if (after.java === undefined || after.missing.length > 0) {
    throw new MissingTool(after.missing, 'the packages of this system do not have it');
  }
  return after.java;
}
