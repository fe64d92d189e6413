import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { SourceHealth } from './reread.ts';

/** A check of `/readyz`. */
interface CredentialsCheck {
  readonly name: 'credentials';
  readonly ok: boolean;
  readonly detail?: string;
}

type Sources = (() => readonly SourceHealth[]) | undefined;

/**
 * Not ready when nothing that vouches for callers is believed any more: nobody could be let in. While
 * one of several is, it stays ready and says what is wrong: its callers would lose more than is lost.
 */
export function credentialsCheck(sources: Sources): readonly CredentialsCheck[] {
  if (sources === undefined) return [];
  const all = sources();
  const failing = all.filter(({ failingS }) => failingS !== null);
  const detail = failing.map(tell).join('; ');
  const ok = all.some(({ isBelieved }) => isBelieved);
  return [{ name: 'credentials', ok, ...(detail === '' ? {} : { detail }) }];
}

function tell({ place, failingS, isBelieved }: SourceHealth): string {
  const then = isBelieved ? 'what was known still holds' : 'ISSUER_UNAVAILABLE';
  return `the keys of ${place} cannot be read for ${Math.round(failingS ?? 0)} s: ${then}`;
}

export function measureCredentials(registry: Registry, sources: Sources): void {
  if (sources === undefined) return;
  new Gauge({
    name: 'prorata_credentials_failing_seconds',
    help: 'How long the keys that vouch for callers could not be read; 0: they can.',
    labelNames: ['place'],
    registers: [registry],
    collect() {
      for (const { place, failingS } of sources()) this.set({ place }, failingS ?? 0);
    },
  });
  new Gauge({
    name: 'prorata_credentials_believed',
    help: '0 once they could not be read for so long that whoever they vouch for is refused.',
    labelNames: ['place'],
    registers: [registry],
    collect() {
      for (const { place, isBelieved } of sources()) this.set({ place }, isBelieved ? 1 : 0);
    },
  });
}
