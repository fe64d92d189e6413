/** What a gate makes of what hosts reported: the same for who asks it and for who checks the answer. */
import type { RolloutEvidence, RolloutFigures, RolloutGate } from '@prorata/schemas';

const WHOLE_BASIS_POINTS = 10_000n;

/** Whether enough hosts told enough for an answer; in words what is missing, empty when nothing is. */
export function missingForGate(gate: RolloutGate, evidence: RolloutEvidence): readonly string[] {
  const parts: [string, RolloutFigures][] = [['of the stage', evidence.stage]];
  if (gate.measure === 'above_others') parts.push(['outside it', evidence.others]);
  return parts.flatMap(([where, figures]) => [
    ...(figures.hosts < gate.hostsMin
      ? [`${figures.hosts} hosts ${where} report, ${gate.hostsMin} must`]
      : []),
    ...(figures.decisions < gate.decisionsMin
      ? [`hosts ${where} tell of ${figures.decisions} decisions, ${gate.decisionsMin} are needed`]
      : []),
    ...(asksRequests(gate) && figures.requests < gate.decisionsMin
      ? [`hosts ${where} tell of ${figures.requests} requests, ${gate.decisionsMin} are needed`]
      : []),
    ...(gate.latencyP99MicrosMax !== null && figures.latencyP99Micros === null
      ? [`no host ${where} tells of latency`]
      : []),
  ]);
}

/** The bounds that do not hold, in words for people. */
export function brokenBounds(
  gate: RolloutGate,
  { stage, others }: Pick<RolloutEvidence, 'stage' | 'others'>,
): readonly string[] {
  const isAbove = gate.measure === 'above_others';
  const found: string[] = [];
  const share = (what: string, most: number | null, ours: bigint, theirs: bigint): void => {
    const over = isAbove ? ours - theirs : ours;
    if (most === null || over <= BigInt(most)) return;
    const than = isAbove ? ` above the ${percentOf(theirs)} of the other hosts` : '';
    found.push(`${what} ${percentOf(ours)}, more than ${percentOf(BigInt(most))}${than} allowed`);
  };
  share(
    'refused',
    gate.refusedBasisPointsMax,
    shareOf(stage.refused, stage.decisions),
    shareOf(others.refused, others.decisions),
  );
  share(
    'errors',
    gate.errorBasisPointsMax,
    shareOf(stage.errors, stage.requests),
    shareOf(others.errors, others.requests),
  );
  const most = gate.latencyP99MicrosMax;
  const ours = stage.latencyP99Micros;
  if (most !== null && ours !== null) {
    const over = isAbove ? ours - (others.latencyP99Micros ?? 0n) : ours;
    if (over > most) {
      const than = isAbove ? ' above that of the other hosts' : '';
      found.push(`latency p99 ${ours} µs, more than ${most} µs${than} allowed`);
    }
  }
  return found;
}

function asksRequests({ errorBasisPointsMax, latencyP99MicrosMax }: RolloutGate): boolean {
  return errorBasisPointsMax !== null || latencyP99MicrosMax !== null;
}

/** In basis points, rounded up, so that no bound is passed by rounding. */
function shareOf(part: bigint, whole: bigint): bigint {
  return whole <= 0n ? 0n : (part * WHOLE_BASIS_POINTS + whole - 1n) / whole;
}

function percentOf(basisPoints: bigint): string {
  return `${(Number(basisPoints) / 100).toString()} %`;
}
