export { askedValidators } from './attestations/validatedCommands.ts';
export * from './model.ts';
export * from './ids.ts';
export { allocationKey, rehearsedCutKey } from './organizationModel.ts';
export { decimalOf, isDecimal, isNegative, isZero, picosOf, sameDecimal } from './decimals.ts';
export { costOf, reservedFor } from './organization/allocationCosts.ts';
export {
  handedOut,
  holderOf,
  ORGANIZATION_HOLDER,
  parentHolder,
  projectHolder,
} from './organization/budgetTree.ts';
export { compareBounds, cutLimit, describeLimit, minLimit, sameLimit } from './limits.ts';
export { declaredBy, declaredLimit } from './layers.ts';
export { boundsInForce } from './rightsizingBounds.ts';
export type { AmountBounds } from './rightsizingBounds.ts';
export { isPinned, pinnedBy, workloadOf } from './rightsizingTerms.ts';
export { decide } from './decide.ts';
export { API_KEY_ISSUER, describeRoles } from './authority/sender.ts';
export { commandAuthority } from './authority/commandAuthority.ts';
export type { CommandAuthority, SendingRole } from './authority/commandAuthority.ts';
export { MUST_EXIST } from './decide/preconditions.ts';
export { evolve } from './evolve.ts';
export { subtreeOf } from './evolve/moveQuota.ts';
export { proposalsMeaning } from './evolve/aliases.ts';
export { proposalsOf } from './evolve/openProposals.ts';
export { proposalNow } from './evolve/proposalNow.ts';
export { foldBack, fork, writableSet } from './fork/fork.ts';
export { OverlayMap } from './fork/overlayMap.ts';
export { OverlaySet } from './fork/overlaySet.ts';
export { effectiveLimits, effectiveOnPath, pathOf } from './effective.ts';
export { brokenBounds, missingForGate } from './rollouts/gate.ts';
export { bucketOf, selectorOfStage, takesCandidate } from './rollouts/hostSelection.ts';
export type { HostPlace } from './rollouts/hostSelection.ts';
export { rolloutOf } from './rollouts/rolloutReach.ts';
export { resizeOf } from './rollouts/stagedResize.ts';
export { rolledBackAt } from './evolve/rolledBack.ts';
export { bakedAt, isLastStage } from './rollouts/rolloutState.ts';
export { quotaOfRecord, quotaRecord } from './history/quotaRecord.ts';
export { noPreview, PREVIEW_CHANGES_MAX, previewOf } from './preview.ts';
export type { Preview } from './preview.ts';
export { affectedParts, affectedQuotas, quotasIn, ruleOf } from './rules.ts';
export { changesRules } from './changedRules.ts';
export type { AffectedPart } from './rules.ts';
export { decideTimer, dueTimeOf, dueTimes, touchedTimers } from './timers.ts';
export { MODEL_VERSION, stateFromText, stateToText } from './snapshot.ts';
export { StateAssembly } from './snapshot/stateAssembly.ts';
export { stateEntries } from './snapshot/stateEntries.ts';
export { canonicalContent, contentHash } from './versions/contentHash.ts';
export { VERSIONS_KEPT_MAX } from './versions/keptVersions.ts';
export { sameWindow, windowFormOf } from './windowForm.ts';
export type { WindowForm } from './windowForm.ts';
export { projectOf, projectOnPath } from './payers.ts';
export { commitmentsOf, isOversubscribed } from './sums/commitments.ts';
export type { Commitment } from './sums/commitments.ts';
export { NOTHING as noSum, plus as plusSum, sumOf, wholeMicros } from './sums/sum.ts';
export type { Sum as LimitSum } from './sums/sum.ts';
export { oversubscriptionOf } from './sums/oversubscription.ts';
export type { Oversubscription } from './sums/oversubscription.ts';
export { safetyCheckMeanings } from './validate/safety.ts';
export { refusalCodes } from './refusalCodes.ts';
export type { RefusalCode, RefusalKind } from './refusalCodes.ts';
export {
  BASIS_POINTS,
  CUT_PAGE_MAX,
  CUT_PRIORITY_MAX,
  MATCH_PRIORITY_MAX,
  RAMP_WHOLE,
  STEP_BASIS_POINTS_MAX,
  TIERS,
  VALIDATOR_DEADLINE_MILLIS_MAX,
  VALIDATOR_RETRIES_MAX,
} from './modelBounds.ts';
export {
  addressesOf,
  dispatcherTerms,
  settingsFormViolations,
} from './dispatchers/settingsViolations.ts';
export type { DispatcherAddress } from './dispatchers/settingsViolations.ts';
export type { DispatcherTerms, KeptSettings } from './dispatchers/dispatcherTerms.ts';
export type { FileSettings } from './dispatchers/fileTerms.ts';
export { holdsByPriority, measureOf, thousandthsOf } from './dispatchers/hardKey.ts';
export type { HardMeasure } from './dispatchers/hardKey.ts';
export type { KubernetesSettings } from './dispatchers/kubernetesTerms.ts';
export {
  elapsedUnitMillis,
  groupPrefixOf,
  isGroupPrefix,
  tidbAddress,
} from './dispatchers/tidbTerms.ts';
export type { TidbPriority, TidbSettings } from './dispatchers/tidbTerms.ts';
export type { WebhookSettings } from './dispatchers/webhookTerms.ts';
export type { YunikornSettings } from './dispatchers/yunikornTerms.ts';
export { isDecided, undecidedCodes } from './undecidedCodes.ts';
export { BrokenStream, UnreadableState } from './faults.ts';
