export { SettingsError } from './environment.ts';
export type { Environment, SettingProblem } from './environment.ts';
export { readLogSettings, readSettings, requireSetting } from './settings.ts';
export type {
  LogLevel,
  LogSettings,
  SaslSettings,
  Settings,
  UsageStorageSettings,
} from './settings.ts';
export { createLogger } from './logger.ts';
export type { Logger } from 'pino';
export { connectLog } from './connectLog.ts';
export { createCodec } from './createCodec.ts';
export { breathing } from './breathing.ts';
export type { Breathe } from './breathing.ts';
export { Problem, sendProblem } from './problem.ts';
export { QueryParameters } from './queryParameters.ts';
export type { QueryParameterTerms } from './queryParameters.ts';
export { problemCodes } from './problemCodes.ts';
export type { ProblemCode, ProblemKind } from './problemCodes.ts';
export type { ProblemOptions, ProblemViolation } from './problem.ts';
export { accessGuard } from './access/accessGuard.ts';
export type { AccessGuard, RegisteredRoute } from './access/accessGuard.ts';
export { tokenVerifier } from './access/tokenVerifier.ts';
export type { TokenSettings, VerifyToken } from './access/tokenVerifier.ts';
export { parseIssuers } from './access/oidcIssuer.ts';
export type { OidcIssuer } from './access/oidcIssuer.ts';
export { apiKeysText, isApiKey, makeApiKey, parseApiKeys } from './access/apiKey.ts';
export type { ApiKeyOwner, ApiKeyRecord } from './access/apiKey.ts';
export { routeMatcher } from './access/matchRoute.ts';
export { outcomeReach } from './access/outcomeReach.ts';
export { reaches, reachesInto, reachOf } from './access/reach.ts';
export type { Reach } from './access/reach.ts';
export { routeRules, serviceNames } from './access/routeRules.ts';
export type { RouteName, RouteRule, ServiceName } from './access/routeRules.ts';
export { isScope, streamOfScope } from './access/principal.ts';
export type { Principal } from './access/principal.ts';
export { isRole, roleMeanings, roles } from './access/roles.ts';
export type { Role } from './access/roles.ts';
export { mergeOpenApi } from './openApi.ts';
export type { OpenApiDocument, OpenApiFragment } from './openApi.ts';
export { createMetrics } from './httpMetrics.ts';
export { createService } from './service.ts';
export type { ReadyCheck, Service, ServiceOptions } from './service.ts';
export { runService } from './runService.ts';
export type { RunningService } from './runService.ts';
export { postCommand } from './postCommand.ts';
export type { CommandAnswer, CommandRequest } from './postCommand.ts';
export { postCommands } from './postCommands.ts';
export type { CommandsRequest } from './postCommands.ts';
export { followAll } from './followAll.ts';
export type { FollowAllOptions, FollowedTopic } from './followAll.ts';
export { assertTopics, TopicsMismatch } from './assertTopics.ts';
export { uuidFromHash } from './uuidFromHash.ts';
export {
  bearerSecurity,
  bodyStatuses,
  callerStatuses,
  problemResponses,
  sharedComponents,
} from './openApiParts.ts';
export { recordTracing } from './recordTracing.ts';
export type { RecordSpans, TraceRecords } from './recordTracing.ts';
export { startTracing, tracingTo } from './tracing.ts';
export type { Tracing } from './tracing.ts';
export { isLoopbackHost } from './loopback.ts';
export {
  guardedLookup,
  HostNotAllowed,
  mayLeadTo,
  mustBeAllowed,
} from './outbound/allowedHosts.ts';
export { AnswerTooLarge, guardedRequest } from './outbound/guardedRequest.ts';
export type { GuardedAnswer, GuardedRequest } from './outbound/guardedRequest.ts';
export { SecretMissing, secretText } from './outbound/secretFile.ts';
export type { SecretPlace } from './outbound/secretFile.ts';
export { proofHeaders, secretHeaders } from './outbound/secretHeaders.ts';
export {
  countText,
  NOT_DONE,
  parseWords,
  printJson,
  runCommand,
  UsageError,
} from './commandLine.ts';
