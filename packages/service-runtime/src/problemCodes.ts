/** What a code of an HTTP answer that decided no command means, and what its receiver can do. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

const kind = (status: number, title: string, remedy: string): ProblemKind => ({
  status,
  title,
  remedy,
});

/**
 * Every code that a service answers with by itself, in one table: answers, the interface's document
 * and the reference are made from it. Codes of decided commands stand in the model's table; seven names (INVALID_COMMAND, APPLICATION_UNKNOWN,
 * ORGANIZATION_UNKNOWN, TEAM_UNKNOWN, PROJECT_UNKNOWN, QUOTA_UNKNOWN, VERSION_UNKNOWN) are in both and mean the same.
 */
export const problemCodes = {
  REQUEST_MALFORMED: kind(400, 'The request cannot be read', 'Correct what the detail names.'),
  BODY_UNEXPECTED: kind(400, 'The method takes no body', 'Leave the body out.'),
  TARGET_MALFORMED: kind(
    400,
    'The path can be read in two ways',
    'Use a plain path, and percent-encode the slashes within an id.',
  ),
  UNAUTHORIZED: kind(401, 'Nobody vouches for the caller', 'Send a token that is accepted here.'),
  FORBIDDEN: kind(403, 'The caller may not do this', 'Ask somebody with the roles named.'),
  APPLICATION_FOREIGN: kind(
    403,
    'The token is for another application',
    'Use a token of this application.',
  ),
  APPLICATION_MISSING: kind(
    403,
    'The token names no application',
    'Use a token that names the application.',
  ),
  ROUTE_UNKNOWN: kind(404, 'There is no such route', 'Look for it in GET /openapi.json.'),
  COMMAND_UNKNOWN: kind(
    404,
    'No outcome is known',
    'It may still come: ask again, or send the command again with the same id.',
  ),
  APPLICATION_UNKNOWN: kind(404, 'The application is not registered', 'Register it first.'),
  QUOTA_UNKNOWN: kind(404, 'There is no such quota', 'Correct the id, or create it.'),
  QUOTA_UNKNOWN_THEN: kind(
    404,
    'There was no such quota at that moment',
    'Ask for another moment: GET /v1/quotas/{quotaId}/history says when it was there.',
  ),
  VERSION_UNKNOWN: kind(
    404,
    'The quota has no such version',
    'Choose one of its versions: GET /v1/quotas/{quotaId}/versions lists them.',
  ),
  MOMENT_UNKNOWN: kind(
    404,
    'The stream has not come to that version',
    'Ask for a version that there is; where it was written just now, with `atLeast`.',
  ),
  PROPOSAL_UNKNOWN: kind(404, 'There is no such proposal', 'Correct the id.'),
  ROLLOUT_UNKNOWN: kind(404, 'There is no such rollout', 'Correct the id.'),
  HOST_UNKNOWN: kind(
    404,
    'No such host has reported within a day',
    'Correct the id: GET /v1/hosts lists them.',
  ),
  ORGANIZATION_UNKNOWN: kind(404, 'The organization is not registered', 'Register it first.'),
  TEAM_UNKNOWN: kind(404, 'There is no such team', 'Define it first, or correct the name.'),
  PROJECT_UNKNOWN: kind(404, 'There is no such project', 'Define it first, or correct the name.'),
  PRICE_BOOK_UNKNOWN: kind(404, 'There is no such price book', 'Correct the id, or define it.'),
  TIER_POLICY_UNKNOWN: kind(404, 'There is no such tier policy', 'Correct the id, or publish it.'),
  SNAPSHOT_EXPIRED: kind(
    404,
    'The snapshot of the usage table is no longer kept',
    'Ask as of the positions that an earlier answer says in `asOf`.',
  ),
  BUDGET_UNKNOWN: kind(404, 'There is no such budget', 'Correct the name, or define it.'),
  METHOD_NOT_ALLOWED: kind(405, 'The path does not take this method', 'Use one that Allow names.'),
  REQUEST_TIMEOUT: kind(408, 'The request came too slowly', 'Send it again, whole.'),
  BODY_TOO_LARGE: kind(413, 'The request is too large', 'Send less at once.'),
  MEDIA_TYPE_UNSUPPORTED: kind(
    415,
    'The body is not in a form that is read here',
    'Send JSON, in UTF-8, with the header Content-Type: application/json.',
  ),
  INVALID_COMMAND: kind(
    422,
    'The command has not the form of its type',
    'Correct the fields named.',
  ),
  INVALID_BATCH: kind(422, 'The batch has not the form of one', 'Correct the fields named.'),
  PARAMETER_INVALID: kind(422, 'A parameter is not understood', 'Correct the parameters named.'),
  SEARCH_TOO_WIDE: kind(
    422,
    'The search would have to look at too much',
    'Name a time (from, until), a stream, an actor or a place (within), or rarer words.',
  ),
  VALIDATOR_HOST_NOT_ALLOWED: kind(
    422,
    "A validator stands where the gateway sends nobody: not on the operator's list, or without https",
    'Have the operator add the host to PRORATA_VALIDATOR_HOSTS, or register another address.',
  ),
  DISPATCHER_HOST_NOT_ALLOWED: kind(
    422,
    "A dispatcher's target stands where the relay sends nothing: not on the operator's list, or without https",
    'Have the operator add the host to PRORATA_DISPATCH_HOSTS, or register another address.',
  ),
  RECORDS_INVALID: kind(
    422,
    'The records have not the form of theirs',
    'Correct the fields named.',
  ),
  RECORDS_REFUSED: kind(
    422,
    'The log will not take these records',
    'Send fewer or smaller records.',
  ),
  ROBOT_PACED: kind(
    429,
    'Robots send as much as they may at once',
    'Send it again after Retry-After with the same ids, and at most 500 commands at a time.',
  ),
  TOO_MANY_IN_FLIGHT: kind(
    429,
    'As many commands of this principal are under way as may be',
    'Wait for answers, and send it again after Retry-After with the same ids.',
  ),
  HEADERS_TOO_LARGE: kind(431, 'The headers are too large', 'Send fewer or shorter headers.'),
  INTERNAL: kind(500, 'The service failed', 'Ask its operator: its log says why.'),
  UPSTREAM_UNREACHABLE: kind(502, 'A service behind the gateway cannot be reached', 'Try again.'),
  BUSY: kind(
    503,
    'The gateway has as much to do as it can hold',
    'Send it again after Retry-After, with the same id.',
  ),
  SEARCHES_BUSY: kind(
    503,
    'As many searches are under way as may be',
    'Ask again after Retry-After, or for less: by a place, a time or an id.',
  ),
  SHUTTING_DOWN: kind(
    503,
    'The gateway is about to end',
    'Send it again with the same id: another gateway answers.',
  ),
  ISSUER_UNAVAILABLE: kind(
    503,
    'The keys that vouch for the caller cannot be read',
    'Send it again after Retry-After.',
  ),
  LOG_UNAVAILABLE: kind(
    503,
    'The log did not confirm it',
    'Send it again with the same id: it is decided once.',
  ),
  VERSIONS_UNAVAILABLE: kind(
    503,
    'What quotas declared before cannot be read now',
    'Send it again after Retry-After, or with the content of the version.',
  ),
  READ_MODELS_REBUILDING: kind(
    503,
    'The tables of this version are being filled',
    'Ask again after Retry-After.',
  ),
  REGISTRY_UNAVAILABLE: kind(503, 'The schema registry did not answer', 'Send it again.'),
  READ_BEHIND: kind(
    503,
    'The tables do not show yet what the read waits for',
    'Ask again after Retry-After; `lag` says how far behind they are.',
  ),
  RULES_NOT_READY: kind(503, 'The rules have not been read yet', 'Ask again after Retry-After.'),
  TOO_MANY_STREAMS: kind(
    503,
    'The instance serves as many streams as it can',
    'Connect again: another instance may have room.',
  ),
  COSTS_TOO_MANY: kind(
    422,
    'There are more groups or lines of costs than one answer holds',
    'Group by less, or ask for a shorter window or one project.',
  ),
  LEDGER_BUSY: kind(503, 'Others ask for costs just now', 'Ask again in some seconds.'),
  LEDGER_NOT_RUNNING: kind(
    503,
    'This instance makes no charge lines',
    'Ask one that runs the ledger.',
  ),
  THROTTLE_NOT_RUNNING: kind(
    503,
    'This instance does not judge budgets',
    'Ask one that runs the budget throttle.',
  ),
  UPSTREAM_TIMEOUT: kind(504, 'A service behind the gateway took too long', 'Try again.'),
} as const satisfies Readonly<Record<string, ProblemKind>>;

export type ProblemCode = keyof typeof problemCodes;
