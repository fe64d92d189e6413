import { BrokenStream } from '../faults.ts';
import type { CutAnswer, CutState, OrganizationState } from '../organizationModel.ts';
import { provenanceOf } from './origin.ts';
import type { EventOf } from './origin.ts';

/** The intent takes the place of what was to be done for the budget and project in the same applications. */
export function intendCut(state: OrganizationState, event: EventOf<'CutIntended'>): void {
  const { envelope, applications, ...terms } = event.value;
  if (terms.cutId !== envelope.streamVersion) {
    throw new BrokenStream(event, 'the cut is not named after its event');
  }
  const named = new Set(applications);
  for (const cut of state.cuts.values()) {
    if (cut.budgetId !== terms.budgetId || cut.project !== terms.project) continue;
    put(state, cut, new Map([...cut.applications].filter(([id]) => !named.has(id))));
  }
  const waiting = new Map<string, CutAnswer | null>(applications.map((id) => [id, null]));
  put(state, { ...terms, applications: waiting, provenance: provenanceOf(event) }, waiting);
}

/** What an application accepted is done; what it refused is kept until the budget decides anew. */
export function completeCut(state: OrganizationState, event: EventOf<'CutCompleted'>): void {
  const { cutId, application, answer, code, detail, envelope } = event.value;
  const cut = state.cuts.get(cutId.toString());
  if (cut?.applications.get(application) !== null) {
    throw new BrokenStream(event, 'no such cut waits for the answer of the application');
  }
  const applications = new Map(cut.applications);
  if (answer === 'refused') {
    applications.set(application, { answer, code, detail, at: envelope.decidedAt });
  } else {
    applications.delete(application);
  }
  put(state, cut, applications);
}

/** Nobody decides anew for a budget that is no more; what waits, and lifts, still end. */
export function forgetRefusedCuts(state: OrganizationState, budgetId: string): void {
  for (const cut of state.cuts.values()) {
    if (cut.budgetId !== budgetId || cut.lift !== null) continue;
    put(state, cut, new Map([...cut.applications].filter(([, answer]) => answer === null)));
  }
}

function put(
  state: OrganizationState,
  cut: CutState,
  applications: ReadonlyMap<string, CutAnswer | null>,
): void {
  const key = cut.cutId.toString();
  if (applications.size === 0) state.cuts.delete(key);
  else state.cuts.set(key, { ...cut, applications });
}
