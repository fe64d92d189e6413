export { startHost } from './startHost.ts';
export type { Host, HostOptions, HostStatus, RequestRank } from './host.ts';
export type { Admission } from './overload/admission.ts';
export type { Observation } from './health/hostHealth.ts';
export { LATENCY_BUCKETS, bucketOfLatency, longestOfBucket } from './health/latencyBuckets.ts';
export type { Explanation, FittingRule, LimitAsked } from './decision/explanation.ts';
export type { Permit } from './decision/permit.ts';
export type { Reservation } from './decision/reservation.ts';
export type { TrialFigures } from './decision/quotaNode.ts';
export type { Handle } from './decision/handle.ts';
export type { LimitRoom } from './decision/room.ts';
export type { WaitTerms } from './decision/waitingLine.ts';
export {
  ALLOW,
  REFUSE,
  DELAY,
  DEGRADE,
  MARK,
  SHADOW_REFUSE,
  NEVER,
  isAdmitted,
  verdictNames,
} from './decision/verdict.ts';
export type { LastDecision, Outcome, Reason, Verdict } from './decision/verdict.ts';
export { systemClock } from './decision/hostClock.ts';
export type { HostClock } from './decision/hostClock.ts';
export { UnenforceableRule } from './decision/compiledRule.ts';
export type { AppliedListener, AppliedRules } from './rules/rulesInForce.ts';
export type { RuleSet, RuleSink, RuleSource } from './rules/ruleSource.ts';
export { COMPLETE_KEY } from './rules/ruleSetComplete.ts';
export { kafkaRules } from './rules/kafkaRules.ts';
export type { KafkaRulesOptions } from './rules/kafkaRules.ts';
export { httpRules } from './rules/httpRules.ts';
export { RuleStreamBroken } from './rules/eventStream.ts';
export { RuleSetDiffers } from './rules/heldRules.ts';
export { RuleSetChecksum } from './rules/ruleSetChecksum.ts';
export type { HttpRulesOptions } from './rules/httpRules.ts';
export { RulesUnreadable } from './rules/ruleJson.ts';
export { CredentialsRejected } from './credentialsRejected.ts';
export type { BearerToken } from './bearerToken.ts';
export { bootOfLeaseKey, leaseKeyOf } from './leases/leaseSource.ts';
export type { LeaseHolder, LeaseSink } from './leases/leaseSource.ts';
export { followLeaseRecords } from './leases/kafkaLeases.ts';
export type { LeaseTopicOptions } from './leases/kafkaLeases.ts';
export { windowEndOf } from './leases/windowEnd.ts';
export { UsageRefused } from './usage/usageChannel.ts';
export type { UsageChannel } from './usage/usageChannel.ts';
export { kafkaUsage } from './usage/kafkaUsage.ts';
export type { KafkaUsageOptions } from './usage/kafkaUsage.ts';
export { httpUsage, IntakeUnavailable } from './usage/httpUsage.ts';
export type { HttpUsageOptions } from './usage/httpUsage.ts';
