/** Bounds on everything that a command can make grow. Each is refused with TOO_MANY or TOO_LARGE. */

/** The greatest amount: Avro's long. */
export const AMOUNT_MAX = 2n ** 63n - 1n;

/** Quotas of one application: its state is held in memory by the writer and every reader of the log. */
export const QUOTAS_PER_APPLICATION_MAX = 1_000_000;

/** Resources of one application: each quota may limit each of them, and rules carry all of them. */
export const RESOURCES_MAX = 64;

/** Limits of one quota: at most one a resource. */
export const LIMITS_PER_QUOTA_MAX = 64;

/** Labels of one quota: people filter by a few; every event of a change carries them all. */
export const LABELS_MAX = 64;

/** Length of a label's key, in characters: Kubernetes takes 63. */
export const LABEL_KEY_LENGTH_MAX = 63;

/** Conditions of one match: hosts test all of them on every request. */
export const MATCH_CONDITIONS_MAX = 32;

/** Values of one match condition: hosts hold them in memory, each rule its own. */
export const MATCH_VALUES_MAX = 64;

/** Attributes of one quota, bytes of UTF-8: events are kept for ever. */
export const ATTRIBUTES_BYTES_MAX = 16 * 1024;

/** Names, owners, tags and values, in characters: they stand in tables and in messages for people. */
/** On all hosts. */
export const RAMP_WHOLE = 100;
/** Of a quota's priority among those that match, either way. */
export const MATCH_PRIORITY_MAX = 1_000_000;
export const TEXT_LENGTH_MAX = 256;

/** Level names below the application: one a segment of a quota's id. */
export const LEVELS_MAX = 7;

/** Entitlements of one application: projects times the resources they share. */
export const ENTITLEMENTS_MAX = 10_000;

/** Open proposals of one application: more than people can decide before they expire. */
export const PROPOSALS_OPEN_MAX = 10_000;

/** Open proposals of whole steps in one application: each is held in the state by everybody who folds the log. */
export const TREE_PROPOSALS_OPEN_MAX = 100;

/** Of them from one proposer: so one who proposes much leaves room for others. */
export const TREE_PROPOSALS_PER_PROPOSER_MAX = 20;

/**
 * Steps of one proposal, characters of JSON: an entry of a snapshot, which must fit a record with what is
 * beside it; with the number of them, 6 million an application.
 */
export const PROPOSED_STEPS_LENGTH_MAX = 64 * 1024;

/** Policies of the rightsizer whose last rehearsal an application remembers; the oldest is forgotten: an application has one, and those tried before it. */
export const REHEARSALS_MAX = 16;

/** What a rehearsal tells of what it would have changed: enough to judge it by. */
export const REHEARSED_EXAMPLES_MAX = 50;

/** Limits that a rehearsal counts under one heading: a thousand times what one application has. */
export const REHEARSED_COUNT_MAX = 1_000_000_000;

/** Codes of why one example would change: with them all examples fit 128 Ki characters. */
export const REHEARSED_EXAMPLE_REASONS_MAX = 8;

/** Codes by which a rehearsal counts what it left alone: there are some twenty. */
export const REHEARSED_REASONS_MAX = 32;

/** Rollouts that are on in one application: each is held in the state by everybody who folds the log. */
export const ROLLOUTS_OPEN_MAX = 20;

/** Of them such as a robot's resizes began: people find room for theirs, and few limits are tried at once. */
export const RESIZES_STAGED_MAX = 15;

/** Steps of one rollout: more hosts than quotas tell whether a change is good. */
export const ROLLOUT_STEPS_MAX = 100;

/** What the quotas of one rollout would declare, characters of JSON: its event and its promotion fit one append. */
export const ROLLOUT_CANDIDATES_LENGTH_MAX = 256 * 1024;

/** Stages of one rollout: people follow fewer. */
export const ROLLOUT_STAGES_MAX = 10;

/** Hosts that all stages of a rollout name: every rule below its quotas carries them. */
export const ROLLOUT_HOSTS_MAX = 100;

/** Zones that they name. */
export const ROLLOUT_ZONES_MAX = 32;

/**
 * Characters of those names, once for each quota that they stand in the rule of: the topic, a host's memory and
 * the set that the relay sends hold them all. A hundred thousand quotas leave room for ten short names.
 */
export const ROLLOUT_NAMES_LENGTH_MAX = 16 * 1024 * 1024;

/** How long a stage may bake, microseconds (30 days): longer ones are forgotten. */
export const ROLLOUT_BAKE_MICROS_MAX = 30n * 86_400_000_000n;

/** Hosts that a gate may ask for. */
export const ROLLOUT_GATE_HOSTS_MAX = 1_000_000;

/** Decisions that a gate may ask for. */
export const ROLLOUT_GATE_DECISIONS_MAX = 1_000_000_000_000n;

/** Broken bounds that evidence tells: a gate has three. */
export const EVIDENCE_BROKEN_MAX = 8;

/** How far the clock of who measured may be ahead of the writer's, microseconds (five minutes). */
export const EVIDENCE_AHEAD_MICROS_MAX = 300_000_000n;

/** Rules of one application's own: all of them are evaluated for every quota that changes. */
export const VALIDATION_RULES_MAX = 32;

/** One rule's expression, in characters: longer ones are programs, which belong into a remote validator. */
export const RULE_EXPRESSION_LENGTH_MAX = 1_024;

/** Remote validators of one application: all that apply are asked about one command. */
export const VALIDATORS_MAX = 8;

/** All tries of one validator together, milliseconds: the caller waits meanwhile. */
export const VALIDATOR_DEADLINE_MILLIS_MAX = 30_000;

/** Further tries after a fault: more only keep a service down that is going down. */
export const VALIDATOR_RETRIES_MAX = 5;

/** Commands or resources that one validator names. */
export const VALIDATOR_FILTER_MAX = 64;

/** How old a fact may be at most, microseconds (31 days). */
export const FACT_AGE_MICROS_MAX = 31n * 86_400_000_000n;

/** An address, in characters: what servers and proxies take. */
export const URL_LENGTH_MAX = 2_048;

/** Dispatchers of one application: each is written to after every change. */
export const DISPATCHERS_MAX = 16;

/** Settings of one dispatcher, characters of JSON. */
export const DISPATCHER_SETTINGS_LENGTH_MAX = 4 * 1024;

/**
 * Steps of all rules over one quota, as bounded before they run: some 0.1 µs each, so a quota takes at
 * most a few milliseconds and a command of 500 steps at most a second.
 */
export const RULE_STEPS_MAX = 20_000;

/** Nodes of a JSON Schema, every reference counted as what it stands for: the work on one value. */
export const ATTRIBUTES_SCHEMA_NODES_MAX = 500;

/** Values of attributes that a schema checks: with the nodes of the schema, the work on one quota. */
export const ATTRIBUTES_VALUES_MAX = 1_024;

/**
 * Steps of all own checks of one command: of rules as they are counted, of a schema `SCHEMA_NODE_STEPS` times
 * its nodes times the values that it checks. A change of 500 quotas, or a new schema for a million, holds up the
 * others no longer than one: some 10 ms, 50 ms with the worst schema.
 */
export const CHECK_STEPS_MAX = 520_000;

/**
 * Steps of one node of a schema on one value: a node that is not satisfied makes an object that says so, also
 * where another one of several is, some 0.4 µs.
 */
export const SCHEMA_NODE_STEPS = 4;

/**
 * Steps that trying a schema takes beside its nodes, some 2 µs to read the text: so a new schema is tried
 * on some 5,000 different attributes at most. Quotas that have the same count once.
 */
export const ATTRIBUTES_STEPS_MIN = 100;

/** Quotas that a refused schema names: the message says how many more there are. */
export const QUOTAS_NAMED_MAX = 20;

/** A JSON Schema, in characters: the gateway takes 256 KiB of a command, and every registration's event carries it. */
export const ATTRIBUTES_SCHEMA_LENGTH_MAX = 32 * 1024;

/** A whole in basis points. */
export const BASIS_POINTS = 10_000;

/** The largest step that a policy names, basis points (a hundredfold). */
export const STEP_BASIS_POINTS_MAX = 100 * BASIS_POINTS;

/** How old usage may be at most, microseconds (31 days). */
export const USAGE_AGE_MICROS_MAX = 31n * 86_400_000_000n;

/** How far a proposal may wait, microseconds (90 days): older evidence says nothing about today. */
export const PROPOSAL_LIFETIME_MICROS_MAX = 90n * 86_400_000_000n;

/** How far an override may end, microseconds (366 days): longer ones are the owner's base limit. */
export const OVERRIDE_MICROS_MAX = 366n * 86_400_000_000n;

/** Budgets whose last cut an application remembers; a budget keeps its place when its window comes again. */
export const CUTS_FOLLOWED_MAX = 20_000;

/**
 * How far an override may end that raises by more than waits for a second person, microseconds (seven days),
 * where the application names no other time: over a weekend, and no way around the second person.
 */
export const OVERRIDE_ABOVE_APPROVAL_MICROS_DEFAULT = 7n * 86_400_000_000n;

/** The longest time of a rate, microseconds (366 days): beyond it, it is a consumable. */
export const RATE_MICROS_MAX = 366n * 86_400_000_000n;

/** Figures of one piece of evidence: what decided, not the data behind it. */
export const EVIDENCE_FIGURES_MAX = 64;

/**
 * One figure, in characters: a line of spend names an application, a resource and four decimals, up to
 * about 350.
 */
export const EVIDENCE_FIGURE_LENGTH_MAX = 512;

/** All texts of one piece of evidence, in characters: each event of a cut carries them again. */
export const EVIDENCE_LENGTH_MAX = 16 * 1024;

/** Observations of usage that one command brings along: a few for each of the quotas it lowers. */
export const USAGE_PER_COMMAND_MAX = 1_000;

/** Why a command was sent, in characters: a sentence or two, in each of its events. */
export const REASON_LENGTH_MAX = 1_024;

/**
 * Events of one decision. The writer stamps, encodes and hashes all of them before it can tell whether
 * they fit one append, and decides nothing else meanwhile: so many small ones take half a second.
 */
export const EVENTS_PER_DECISION_MAX = 5_000;

/**
 * Sums that one decision may alter: each limit of each quota that it touches alters one on every level above
 * it. Some 2 µs each, and again when its events are folded: so the widest quotas at the greatest depth keep
 * the writer busy for half a second, as many small ones do.
 */
export const SUMS_PER_DECISION_MAX = 100_000;

/**
 * Limits whose being in force one decision compares, to see whether a cut or an override is left behind: some
 * 20 µs each, two paths of eight quotas. What is beyond counts as looser, so it takes the say above.
 */
export const COMPARISONS_PER_DECISION_MAX = 5_000;

/**
 * Evidence that one decision repeats over its events, in characters: an append takes far less, and
 * 80 million (5,000 events with all that evidence may hold) kept the writer busy for 2.6 seconds.
 */
export const EVIDENCE_PER_DECISION_MAX = 4_000_000;

/** Violations of one refusal: enough to correct a command by, little enough for one outcome record. */
export const VIOLATIONS_MAX = 100;

/** One message to people, in characters: it may quote what a command carried. */
export const MESSAGE_LENGTH_MAX = 1_024;

/** Applications of one cut: the throttle asks one after another. */
export const CUT_APPLICATIONS_MAX = 500;

/** Budgets of one organization: the throttle walks all of them at every evaluation. */
export const BUDGETS_MAX = 10_000;

/** Thresholds of one budget: its owner reads every crossing. */
export const BUDGET_THRESHOLDS_MAX = 10;

/** The highest threshold, basis points (a hundredfold). */
export const THRESHOLD_BASIS_POINTS_MAX = 100 * BASIS_POINTS;

/**
 * Crossings of one budget in one window: its ten thresholds in both directions five times over, since
 * thresholds that are no more are remembered, so that none fires twice.
 */
export const CROSSINGS_PER_WINDOW_MAX = 100;

/** Parts that one budget is split into: as many as an application has resources. */
export const BUDGET_SHARES_MAX = 64;

/** Rehearsed cuts of one organization that are remembered, one a budget and project: as many as an application follows. */
export const REHEARSED_CUTS_MAX = 20_000;

/** Quotas that one rehearsed cut is of: all quotas of all applications that it may name. */
export const REHEARSED_QUOTAS_MAX = CUT_APPLICATIONS_MAX * QUOTAS_PER_APPLICATION_MAX;

/** How far the override of a budget may end, microseconds (31 days): longer ones are a larger budget. */
export const BUDGET_OVERRIDE_MICROS_MAX = 31n * 86_400_000_000n;

/** Teams of one organization: a move looks at all of them. */
export const TEAMS_MAX = 2_000;

/** Teams above each other: every sum of a budget is kept on each of them. */
export const TEAM_DEPTH_MAX = 8;

/** Projects of one organization. */
export const PROJECTS_MAX = 10_000;

/** Allocations of one organization: a move of a team looks at all of them. */
export const ALLOCATIONS_MAX = 10_000;

/** Cuts of one organization that wait for an application, or were refused: each keeps its evidence. */
export const CUTS_WAITING_MAX = 2_000;

/** The same with lifts, which have room of their own: a lift must not wait for cuts that do. */
export const CUTS_AND_LIFTS_WAITING_MAX = 2 * CUTS_WAITING_MAX;

/** Quotas of one page of a cut: each becomes an event with its evidence, in one append. */
export const CUT_PAGE_MAX = 500;

/** The shortest fixed window of a budget, microseconds (one second): shorter than a usage window is noise. */
export const BUDGET_WINDOW_MICROS_MIN = 1_000_000n;

/**
 * Prices of one book: each version's event carries all of them, and so does its command, of which the
 * gateway takes 256 KiB of JSON, about 120 bytes a price.
 */
export const PRICES_MAX = 2_000;

/** Steps of one price: people read them before they agree to them. */
export const PRICE_STEPS_MAX = 32;

/** Steps of all prices of one book: its command must fit what the gateway takes. */
export const BOOK_STEPS_MAX = 4_000;

/** Name of a pricing unit, in characters: it stands in every line of an export. */
export const UNIT_LENGTH_MAX = 64;

/** Shared costs of one book, and as many rules of idle: each is split for every day of a month. */
export const SPLIT_COSTS_MAX = 200;

/** Projects that all splits of one book name: as `PRICES_MAX`, some 60 bytes a project. */
export const SPLIT_PROJECTS_MAX = 2_000;

/** Weights are parts of a whole: the sum of all is counted exactly. */
export const SPLIT_WEIGHT_MAX = 1_000_000_000n;

/** How long a period may stay open after its end, microseconds (90 days): later, nobody waits for it. */
export const CLOSE_AFTER_MICROS_MAX = 90n * 86_400_000_000n;

/** Credits of one organization that were not taken back: the ledger walks all of them. */
export const CREDITS_MAX = 10_000;

/** How far from now a credit may count, either way, microseconds (366 days). */
export const CREDIT_MICROS_MAX = 366n * 86_400_000_000n;

/** Price books by which the periods of one organization are closed: the last period of each is kept. */
export const CLOSED_BOOKS_MAX = 1_000;

/**
 * Lengths of a period, microseconds: a month has 28 to 31 days, of which clocks that change take or add an
 * hour, and a zone that crosses the date line a day.
 */
export const PERIOD_MICROS_MIN = 27n * 86_400_000_000n;
export const PERIOD_MICROS_MAX = 32n * 86_400_000_000n;

/** Sources and partitions that one closing names: some 60 bytes each in one event. */
export const CLOSING_POSITIONS_MAX = 4_096;

/** Steps of one tier policy: people read it before they agree to it. */
export const TIER_POLICY_STEPS_MAX = 32;

/** Tiers 0 to 4. */
export const TIERS = 5;

/** Cut priorities lie within plus and minus this. */
export const CUT_PRIORITY_MAX = 1_000_000;

/**
 * Different times of rates, or windows of consumables, that one sum counts: rates are summed as exact
 * fractions, whose denominators multiply, and each change copies the list.
 */
export const SUM_TIMES_MAX = 64;

/** Steps of one command that changes a tree: as many as a robot may send in a batch. */
export const STEPS_MAX = 500;
