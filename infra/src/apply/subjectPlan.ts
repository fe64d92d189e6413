import type { Subject } from '@prorata/schemas';
import type { Difference } from './difference.ts';
import type { RegistryClient } from './registryClient.ts';

export interface SubjectFinding {
  readonly subject: Subject;
  readonly state: 'absent' | 'new-version' | 'present';
  readonly differences: readonly Difference[];
}

function levelDifference(subject: Subject, found: string | undefined): Difference[] {
  if (found === subject.compatibility) return [];
  return [
    {
      kind: 'subject',
      name: subject.subject,
      aspect: 'compatibility',
      found: found ?? "the registry's default",
      wanted: subject.compatibility,
      remedy: `After checking that every version obeys it: PUT /config/${subject.subject} {"compatibility":"${subject.compatibility}"}`,
    },
  ];
}

/** Compares one subject with what the registry has, changing nothing. */
export async function inspectSubject(
  registry: RegistryClient,
  subject: Subject,
  exists: boolean,
): Promise<SubjectFinding> {
  if (!exists) return { subject, state: 'absent', differences: [] };
  const differences = levelDifference(subject, await registry.compatibility(subject.subject));
  if (await registry.has(subject.subject, subject.schema)) {
    return { subject, state: 'present', differences };
  }
  const reasons = await registry.incompatibilities(subject.subject, subject.schema);
  if (reasons.length > 0) {
    differences.push({
      kind: 'subject',
      name: subject.subject,
      aspect: 'schema',
      found: `a version that the new one breaks (${reasons.join('; ')})`,
      wanted: 'a compatible one',
      remedy: 'Add fields with defaults only; a change of meaning is a new message.',
    });
  }
  return { subject, state: 'new-version', differences };
}

/** The level is set first, so that nobody's second version comes in between unchecked. */
export async function applySubject(
  registry: RegistryClient,
  finding: SubjectFinding,
): Promise<boolean> {
  const { subject, schema, compatibility } = finding.subject;
  if (finding.state === 'present') return false;
  const levelled =
    finding.state === 'new-version' || (await registry.setCompatibility(subject, compatibility));
  await registry.register(subject, schema);
  // Some registries keep a level only for a subject that exists: then it follows at once.
  if (!levelled) await registry.setCompatibility(subject, compatibility);
  return true;
}
