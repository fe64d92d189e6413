import type { Rule } from '@prorata/schemas';
import type { Host, HostOptions } from '../src/host.ts';
import type { RuleSink } from '../src/rules/ruleSource.ts';
import { startHost } from '../src/startHost.ts';
import { RecordingChannel, ToldSource, wholeSet } from './fixtures.ts';

/** A host of `moka` that has these rules as its whole set, and where more can be told to it. */
export async function hostUnder(
  rules: readonly Rule[],
  options: Partial<HostOptions> = {},
): Promise<{ readonly host: Host; readonly sink: RuleSink }> {
  const source = new ToldSource();
  const usage = new RecordingChannel();
  const starting = startHost({ application: 'moka', rules: source, usage, ...options });
  const sink = await source.sink;
  sink.replaceAll(wholeSet(rules));
  return { host: await starting, sink };
}
