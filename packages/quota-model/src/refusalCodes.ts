/**
 * The one table of refusals. A code never changes its meaning; clients and the audit log hold on to it.
 * Status: 403 not allowed, 404 unknown, 409 against the state of the moment, 422 wrong in itself.
 */

export interface RefusalKind {
  readonly status: 403 | 404 | 409 | 422;
  readonly title: string;
  /** What the sender can do about it. */
  readonly remedy: string;
}

const kind = (status: RefusalKind['status'], title: string, remedy: string): RefusalKind => ({
  status,
  title,
  remedy,
});

export const refusalCodes = {
  // What the gateway and the writer refuse before the model sees it.
  INVALID_COMMAND: kind(
    422,
    'The command has not the form of its type',
    'Correct the fields named.',
  ),
  COMMAND_ID_REUSED: kind(
    409,
    'The command id was used for another body',
    'Send a new command id.',
  ),
  COMMAND_UNSIGNED: kind(
    403,
    'The command did not come through the gateway',
    'Post it to the gateway.',
  ),
  COMMAND_TOO_OLD: kind(409, 'The command waited too long', 'Send it again.'),

  WRONG_STREAM: kind(
    422,
    'The stream is not the one that decides this',
    'Name the stream of the thing that changes.',
  ),
  NOT_ALLOWED: kind(403, 'The actor may not do this', 'Ask a person who may.'),
  NOT_OWNER: kind(
    403,
    'The quota belongs to others',
    'Ask its owner, the owner of a quota above it, or an operator.',
  ),
  RAISE_NOT_ALLOWED: kind(
    403,
    'Only somebody above may raise',
    'Ask the owner that the message names, or request an increase.',
  ),
  UNLIMITED_NOT_ALLOWED: kind(
    403,
    'Unlimited is a permission of its own',
    'Give a number, or ask an admin.',
  ),
  SELF_APPROVAL: kind(
    403,
    'Who proposed a change may not approve it',
    'Ask somebody else to approve it.',
  ),
  KEY_WITHOUT_ISSUER: kind(
    403,
    'Nobody knows whose API key proposes it',
    'Send it with a token, or with a key that names the issuer of its holder.',
  ),
  VERSION_MISMATCH: kind(
    409,
    'It is not at the version expected',
    'Read it again and decide anew.',
  ),
  TOO_MANY: kind(422, 'A count is over its bound', 'Use fewer, or divide what you send.'),
  TOO_MANY_EVENTS: kind(
    422,
    'The command would change too much at once',
    'Divide it: fewer quotas by one command.',
  ),
  TOO_LARGE: kind(422, 'A text or a number is over its bound', 'Make it smaller.'),

  APPLICATION_UNKNOWN: kind(404, 'The application is not registered', 'Register it first.'),
  REGISTRATION_INVALID: kind(
    422,
    'The registration contradicts itself',
    'Correct the fields named.',
  ),
  DISPATCHER_SETTINGS_INVALID: kind(
    422,
    'A dispatcher does not take these settings',
    'Correct the settings named: docs/reference/dispatchers.md has those of each kind.',
  ),
  RESOURCE_UNKNOWN: kind(
    422,
    'The application does not declare this resource',
    'Declare it, or correct the name.',
  ),
  RESOURCE_IN_USE: kind(
    409,
    'Quotas still use the resource',
    'Unset it in the quotas named first.',
  ),

  QUOTA_UNKNOWN: kind(404, 'There is no such quota', 'Correct the id, or create it.'),
  VERSION_UNKNOWN: kind(
    404,
    'The quota has no such version',
    'Choose one of its versions: GET /v1/quotas/{quotaId}/versions lists them.',
  ),
  VERSION_NOT_KEPT: kind(
    409,
    'The version is too long ago to be checked',
    'Read its content and declare it: PUT /v1/quotas/{quotaId}.',
  ),
  CONTENT_MISMATCH: kind(
    422,
    'The content is not that of the version',
    'Send the content of the version unaltered, or declare it as a change.',
  ),
  QUOTA_EXISTS: kind(409, 'The quota is there already', 'Change it instead.'),
  QUOTA_ID_INVALID: kind(
    422,
    'This is no quota id',
    'Use segments of a-z, 0-9 and inner hyphens, the application first.',
  ),
  QUOTA_ID_RESERVED: kind(
    422,
    'The name is reserved',
    'Choose another than root, default and recovery.',
  ),
  QUOTA_TOO_DEEP: kind(
    422,
    'The path has too many segments',
    'Use at most 8, the application included.',
  ),
  PARENT_UNKNOWN: kind(409, 'The parent does not exist', 'Create the parent first.'),
  QUOTA_HAS_CHILDREN: kind(409, 'The quota has children', 'Delete them first, or say cascade.'),
  MOVE_INTO_ITSELF: kind(
    422,
    'A quota cannot move below itself',
    'Choose a place that is not below it.',
  ),
  STEP_INVALID: kind(
    422,
    'A step is not exactly one change',
    'Give one of create, change, move and delete.',
  ),
  QUOTA_INVALID: kind(422, 'What the quota declares is not valid', 'Correct the fields named.'),
  FLEET_OF_EACH: kind(
    422,
    'Limits of each value of an attribute cannot be shared by the fleet',
    'Leave out eachOf, or let the limits hold on each host.',
  ),
  TIER_INVALID: kind(422, 'The tier is not 0 to 4', 'Use 0, the most protected, to 4.'),
  ATTRIBUTES_INVALID: kind(422, 'Attributes must be a JSON object', 'Send an object.'),
  ATTRIBUTES_SCHEMA_INVALID: kind(
    422,
    'The schema of attributes cannot be taken',
    'Use the part of JSON Schema 2020-12 that docs/reference/rules.md names.',
  ),
  SCHEMA_BREAKS_QUOTAS: kind(
    409,
    'Quotas that exist would break the schema',
    'Change the quotas named first, or widen the schema.',
  ),
  RULE_INVALID: kind(
    422,
    'A rule does not compile, or is not a condition',
    'Correct the expression named.',
  ),
  RULE_BROKEN: kind(409, "A rule of the application's own does not hold", 'Do what the rule says.'),
  RULE_FAILED: kind(
    409,
    "A rule of the application's own could not be evaluated",
    'Give what the rule looks at, or correct the rule named.',
  ),
  VALIDATION_OUTDATED: kind(
    409,
    'A validator was not asked as the registration of now says',
    'Send it again, with a new command id.',
  ),
  VALIDATOR_DENIED: kind(409, 'A remote validator says no', 'Do what its message says.'),
  VALIDATOR_UNAVAILABLE: kind(
    409,
    'A remote validator did not answer in time',
    'Send it again later, with a new command id.',
  ),
  FACT_MISSING: kind(
    409,
    'A remote validator did not tell the total that it is the source of',
    'Ask who runs the validator.',
  ),
  FACT_STALE: kind(
    409,
    'The total that a remote validator told is too old',
    'Send it again, with a new command id, when the validator has looked anew.',
  ),
  PROJECT_INVALID: kind(
    422,
    'The project is not <organization>/<project>',
    'Write both, each of a-z, 0-9 and inner hyphens, with one slash between.',
  ),
  PAYER_CONFLICT: kind(
    409,
    'Another project pays for the subtree',
    'Leave the project out: it is inherited.',
  ),

  LIMIT_ZERO_AMBIGUOUS: kind(
    422,
    'Zero means nothing here and unlimited elsewhere',
    'Write "blocked", or a number from 1.',
  ),
  LIMIT_NEGATIVE: kind(422, 'A limit is negative', 'Use whole numbers from 1.'),
  LIMIT_INCONSISTENT: kind(
    422,
    'The limit contradicts itself or its kind',
    'Correct the fields named.',
  ),
  LIMIT_DUPLICATE: kind(422, 'A resource is named twice', 'Name each resource once.'),
  LIMIT_NOT_SET: kind(409, 'The quota sets no number for this resource', 'Set a base limit first.'),
  KIND_MISMATCH: kind(
    422,
    "The limit's kind is not the resource's",
    'Use the kind that the application declares.',
  ),
  WINDOW_MISMATCH: kind(
    409,
    'Consumables along a path must share one window',
    'Use the window named.',
  ),
  PARENT_LIMIT_EXCEEDED: kind(
    409,
    "The limit is above an ancestor's",
    'Lower it, or raise the ancestor named first.',
  ),
  PARENT_SUM_EXCEEDED: kind(
    409,
    'The sum of the children is above what the ancestor has',
    'Lower it, lower a sibling, or raise the ancestor named.',
  ),
  TOTAL_EXCEEDED: kind(
    409,
    "The sum, or a maximum, is above the resource's total",
    'Lower it, or raise the total in the registration.',
  ),
  CHILDREN_NEED_MORE: kind(
    409,
    'Quotas below need more than this leaves',
    'Lower the quotas named first.',
  ),
  ENTITLEMENT_EXCEEDED: kind(
    409,
    'The project may not hold this much',
    'Lower it, or raise the entitlement.',
  ),

  OVERRIDE_EMPTY: kind(
    422,
    'An override needs at least one limit',
    'Name the limits that hold meanwhile.',
  ),
  OVERRIDE_END_INVALID: kind(
    422,
    'The end of the override is past or too far',
    'Choose an end after now, and within 366 days (31 for a budget) or what the application lets a large raise last.',
  ),
  OVERRIDE_ABOVE_ANCESTOR: kind(
    409,
    "The override is above an ancestor's uncut limit",
    'Override the ancestor named as well, or ask for less.',
  ),

  NOT_SUSPENDED: kind(409, 'The quota is not suspended', 'Lift its override, if it has one.'),

  BELOW_USAGE: kind(
    409,
    'More is in use than would be left',
    'Leave more, wait until less is used, or waive BELOW_USAGE with a reason.',
  ),
  DECREASE_TOO_STEEP: kind(
    409,
    'It falls by more than the application lets it at once',
    'Go in smaller steps, or waive DECREASE_TOO_STEEP with a reason.',
  ),
  BELOW_CHILDREN_SUM: kind(
    409,
    'The limits below would sum to more than is left',
    'Lower them first, or waive BELOW_CHILDREN_SUM with a reason.',
  ),
  ALL_ZERO: kind(
    409,
    'Everything would be blocked',
    'Suspend the quota instead, or waive ALL_ZERO with a reason.',
  ),
  STALE_USAGE: kind(
    409,
    'The usage behind a decrease is missing or too old',
    'Send fresh usage along, or waive STALE_USAGE with a reason.',
  ),
  WAIVER_UNKNOWN: kind(422, 'This waives no check', 'Name a check, and say why it may be waived.'),
  WAIVER_NOT_ALLOWED: kind(
    403,
    'The check is not yours to waive',
    'Ask an operator, or the owner of a quota above it.',
  ),
  USAGE_INVALID: kind(422, 'The usage sent along is not valid', 'Correct the fields named.'),

  PROPOSAL_UNKNOWN: kind(
    404,
    'There is no such open proposal',
    'Read what became of it: GET /v1/proposals/{proposalId}.',
  ),
  NOTHING_TO_REQUEST: kind(
    422,
    'The request asks for nothing more',
    'Send the change itself: a decrease needs nobody above.',
  ),
  APPROVAL_NEEDED: kind(
    409,
    'The raise waits for a second person, and this command cannot be proposed to one',
    'Send the change by itself, in a command that changes quotas: it becomes a proposal.',
  ),
  PROPOSAL_OPEN: kind(409, 'A proposal for this resource is open', 'Wait until it is decided.'),
  ROLLOUT_UNKNOWN: kind(
    404,
    'There is no such rollout that is on',
    'Read what became of it: GET /v1/rollouts/{rolloutId}.',
  ),
  ROLLOUT_INVALID: kind(422, 'The rollout is not valid', 'Correct the fields named.'),
  ROLLOUT_STAGE: kind(
    409,
    'The rollout is not at that stage',
    'Read it again: GET /v1/rollouts/{rolloutId}.',
  ),
  ROLLOUT_PAUSED: kind(409, 'The rollout is paused', 'Resume it first.'),
  ROLLOUT_BAKING: kind(409, 'The stage has not baked', 'Wait, or have a person go on.'),
  ROLLOUT_GATE: kind(
    409,
    "The rollout's gate does not hold",
    'Wait for what hosts report, roll it back, or have a person go on.',
  ),
  QUOTA_IN_ROLLOUT: kind(
    409,
    'A rollout changes the quota, or one above or below it',
    'Promote the rollout named or roll it back first; an override holds at once.',
  ),
  OUTSIDE_RIGHTSIZING_BOUNDS: kind(
    422,
    "The limit is outside the owner's bounds",
    'Stay within the bounds, or ask the owner to widen them.',
  ),
  PINNED: kind(
    409,
    'Somebody pinned the limit: evidence does not move it',
    'Leave it, or ask the owner of what is named to take the pin away.',
  ),
  REHEARSAL_INVALID: kind(
    422,
    'The rehearsal is not valid, or looked at nothing',
    'Correct the fields named.',
  ),
  ROBOT_STEP_TOO_LARGE: kind(
    422,
    'A robot may not move a limit so far at once',
    'Go in smaller steps, or have a person change it.',
  ),
  UNDER_HAIRCUT: kind(
    409,
    'A budget cuts this quota: nothing raises it meanwhile',
    'Raise the budget, or wait for its next window.',
  ),

  HAIRCUT_INVALID: kind(422, 'The cut is not valid', 'Correct the fields named.'),
  HAIRCUT_TOO_LATE: kind(409, "The budget's window is over", 'Measure the current window.'),

  BUDGET_IN_DRY_RUN: kind(
    409,
    'The budget cuts nothing: it is in dry_run',
    'Look at what it would have cut, then define it with mode enforce.',
  ),
  BUDGET_ENFORCES: kind(
    409,
    'The budget is not in dry_run: it cuts',
    'Nothing: its cuts stand where GET /v1/organizations/{organization}/cuts lists them.',
  ),
  BUDGET_OVERRIDDEN: kind(
    409,
    'A person keeps the budget from cutting',
    'Wait for the end of the override, or lift it.',
  ),
  THRESHOLD_INVALID: kind(422, 'The crossing is not valid', 'Correct the fields named.'),
  THRESHOLD_UNKNOWN: kind(
    409,
    'The budget has no such threshold',
    'Read the budget again: its thresholds are others by now.',
  ),
  THRESHOLD_TOO_LATE: kind(
    409,
    'A later window of the budget has crossed a threshold',
    'Measure the current window.',
  ),
  THRESHOLD_NOT_REACHED: kind(
    409,
    'The threshold was not reached in this window',
    'Nothing: there is nothing to take back.',
  ),

  BUDGET_INVALID: kind(422, 'The budget is not valid', 'Correct the fields named.'),
  CURRENCY_INVALID: kind(
    422,
    'The currency is no ISO 4217 code',
    'Use three capital letters, such as USD.',
  ),
  CURRENCY_CHANGED: kind(
    409,
    'A price book keeps its currency for ever',
    'Use another price book.',
  ),
  PRICE_INVALID: kind(422, 'A price is not valid', 'Correct the fields named.'),
  PRICE_HISTORY_CHANGED: kind(
    409,
    'A price that has taken effect cannot go',
    'Leave it in the book, and add one that takes effect later, or another amount with a reason.',
  ),
  PRICE_REASON_MISSING: kind(
    422,
    'Another price in the past needs a reason',
    'Say why: usage since is priced anew, and closed periods get lines of correction.',
  ),
  PRICE_BOOK_INVALID: kind(422, 'The price book is not valid', 'Correct the fields named.'),
  TIME_ZONE_CHANGED: kind(
    409,
    'A price book keeps its time zone for ever',
    'Use another price book.',
  ),
  TIER_POLICY_INVALID: kind(422, 'The tier policy is not valid', 'Correct the fields named.'),
  TIME_ZONE_UNKNOWN: kind(
    422,
    'There is no such time zone',
    'Use a name of the IANA time zone database.',
  ),
  CURRENCY_MIXED: kind(
    409,
    'A budget and its prices are in one currency',
    'Use a price book in the currency of the budget.',
  ),

  ORGANIZATION_UNKNOWN: kind(404, 'The organization is not registered', 'Register it first.'),
  ORGANIZATION_INVALID: kind(422, 'A name is not valid', 'Correct the fields named.'),
  TEAM_UNKNOWN: kind(404, 'There is no such team', 'Define it first, or correct the name.'),
  TEAM_CYCLE: kind(409, 'A team cannot stand below itself', 'Name another parent.'),
  TEAM_TOO_DEEP: kind(422, 'Teams stand too deep', 'Use fewer levels.'),
  TEAM_IN_USE: kind(
    409,
    'The team still has budgets, teams or projects',
    'Move or retire what is named first.',
  ),
  PROJECT_UNKNOWN: kind(404, 'There is no such project', 'Define it first, or correct the name.'),
  PROJECT_IN_USE: kind(
    409,
    'The project still has budgets or allocations',
    'Retire or release what is named first.',
  ),
  BUDGET_UNKNOWN: kind(404, 'There is no such budget', 'Correct the name, or define it.'),
  BUDGET_EXISTS: kind(
    409,
    'It has a budget of this currency and window already',
    'Change the one named, or retire it.',
  ),
  BUDGET_SUM_EXCEEDED: kind(
    409,
    'The budgets would sum to more than the one above them',
    'Lower it, lower a sibling, or raise the budget named.',
  ),
  BUDGET_BELOW_SUM: kind(
    409,
    'The budget has handed out more than that',
    'Lower the budgets below it or its allocations first.',
  ),
  BUDGET_IN_USE: kind(
    409,
    'The budget pays for allocations',
    'Release what it pays for, or let another budget pay, first.',
  ),

  ALLOCATION_INVALID: kind(422, 'The allocation is not valid', 'Correct the fields named.'),
  ALLOCATION_SUPERSEDED: kind(
    409,
    'A later allocation of the organization has been followed',
    'Nothing: the later one holds.',
  ),
  CUT_SUPERSEDED: kind(
    409,
    'A later cut of the budget has been followed, or this one was lifted by hand',
    'Nothing: the budget is looked at again by itself.',
  ),
  ALLOCATION_PENDING: kind(
    409,
    'The application has not answered the allocation before',
    'Wait for its answer.',
  ),
  ALLOCATION_UNKNOWN: kind(
    404,
    'No such allocation waits for an answer',
    'It was answered, or never was.',
  ),
  ALLOCATION_EXCEEDS_BUDGET: kind(
    409,
    'The budget cannot pay for this much',
    'Allocate less, release something, or raise the budget.',
  ),
  CREDIT_INVALID: kind(422, 'The credit is not valid', 'Correct the fields named.'),
  CREDIT_EXISTS: kind(
    409,
    'There is another credit of this name',
    'Take another name, or withdraw it first.',
  ),
  CREDIT_UNKNOWN: kind(
    404,
    'There is no such credit',
    'Correct the name: GET /v1/organizations/{organization}/credits lists them.',
  ),
  PERIOD_INVALID: kind(422, 'The period is not valid', 'Correct the fields named.'),
  PERIOD_OPEN: kind(409, 'The period may not be closed yet', 'Wait until its book lets it close.'),
  PERIOD_CLOSED: kind(
    409,
    'The period is closed already',
    'Nothing: what has changed since becomes lines of correction.',
  ),
  PERIOD_OUT_OF_ORDER: kind(
    409,
    'Periods are closed one after the other',
    'Close the one that begins where the last one ended.',
  ),
  CUT_UNKNOWN: kind(404, 'No such cut waits for an answer', 'It was answered, or never was.'),
} as const satisfies Readonly<Record<string, RefusalKind>>;

export type RefusalCode = keyof typeof refusalCodes;
