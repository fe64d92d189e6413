/** The remote step, before a command is published: every validator that must be asked is asked at once. */
import { askedValidators, parseStream } from '@prorata/quota-model';
import { fullNameOf, timeToJson, toJson } from '@prorata/schemas';
import type {
  Attestation,
  CommandMessage,
  CommandOutcome,
  RemoteValidator,
} from '@prorata/schemas';
import type { Clock } from '../../clock.ts';
import type { AsksValidators } from '../submit/commandDesk.ts';
import { SubmissionRefused } from '../submit/submissionRefused.ts';
import { HostNotAllowed, mustBeAllowed } from '@prorata/service-runtime';
import { refuseForeignDispatchers } from './foreignDispatchers.ts';
import { postQuestion } from './postQuestion.ts';
import { readVerdict } from './readVerdict.ts';
import type { Verdict } from './readVerdict.ts';
import type { RegistrationBook } from './registrationBook.ts';
import { secretHeaders } from '@prorata/service-runtime';
import { reasonOf, ValidatorLine } from './validatorLine.ts';

/** Lines remembered; of one that goes, the breaker is forgotten and nothing else. */
const LINES_MAX = 2_000;

export interface AskedValidator {
  readonly application: string;
  readonly validator: string;
  readonly status: Attestation['status'];
  readonly seconds: number;
}

interface Question {
  readonly application: string;
  /** Of the registration that names the validator. */
  readonly version: bigint;
  readonly command: CommandMessage;
  /** The proposal that is to be approved. */
  readonly shown: { readonly proposal?: object };
}

export interface ValidatorDeskParts {
  readonly registrations: Pick<RegistrationBook, 'of' | 'forget'>;
  /** What a proposal would change; null when nobody can say. Never rejects. */
  readonly proposalOf: (application: string, proposalId: string) => Promise<object | null>;
  /** `host` or `host:port` that may be asked. */
  readonly hosts: ReadonlySet<string>;
  /** `host` or `host:port` that a dispatcher may be sent to. */
  readonly dispatchHosts: ReadonlySet<string>;
  readonly secretsDirectory: string | null;
  readonly clock: Pick<Clock, 'now'>;
  /** Told of every question, for metrics. */
  readonly asked: (asked: AskedValidator) => void;
}

export class ValidatorDesk implements AsksValidators {
  readonly #parts: ValidatorDeskParts;
  readonly #lines = new Map<string, ValidatorLine>();

  constructor(parts: ValidatorDeskParts) {
    this.#parts = parts;
  }

  /**
   * What validators answer about a command, silence included; empty when none need be asked, or none
   * can be: what should have been asked is refused by the model then.
   * @throws SubmissionRefused when a validator has no place for the question, or stands, or is to be
   * registered, where nobody may be sent
   */
  async attest(command: CommandMessage): Promise<readonly Attestation[]> {
    const stream = parseStream(command.value.envelope.stream);
    if (stream?.kind !== 'application') return [];
    if (command.type === 'RegisterApplication') {
      this.#refuseForeignHosts(command.value.validators);
      refuseForeignDispatchers(command.value.dispatchers, this.#parts.dispatchHosts);
      return [];
    }
    const registration = await this.#parts.registrations.of(stream.id);
    if (registration === null || registration.validators.length === 0) return [];
    const asked = askedValidators(registration.validators, command);
    const shown = asked.length === 0 ? null : await this.#shown(stream.id, command);
    if (shown === null) return [];
    const { version } = registration;
    const question = { application: stream.id, version, command, shown };
    return Promise.all(asked.map((validator) => this.#ask(validator, question)));
  }

  /** Said when it is registered: later every command would be refused for it. The model judges the rest. */
  #refuseForeignHosts(validators: readonly RemoteValidator[]): void {
    const violations = validators.flatMap(({ url }, index) => {
      const path = `/data/validators/${index}/url`;
      const message = URL.canParse(url) ? this.#hostFault(new URL(url)) : null;
      return message === null ? [] : [{ path, message }];
    });
    const [first] = violations;
    if (first === undefined) return;
    throw new SubmissionRefused('VALIDATOR_HOST_NOT_ALLOWED', first.message, { violations });
  }

  #hostFault(url: URL): string | null {
    try {
      mustBeAllowed(url, this.#parts.hosts);
      return null;
    } catch (error) {
      if (error instanceof HostNotAllowed) return error.message;
      throw error;
    }
  }

  /** What a command does not say itself; null: nobody knows it, so that there is nothing to ask. */
  async #shown(application: string, command: CommandMessage): Promise<Question['shown'] | null> {
    if (command.type !== 'ApproveProposal') return {};
    const proposal = await this.#parts.proposalOf(application, command.value.proposalId);
    return proposal === null ? null : { proposal };
  }

  /** A registration that changed, or that a command did not know, is read anew. */
  decided(command: CommandMessage, { status, code }: CommandOutcome): void {
    const stream = parseStream(command.value.envelope.stream);
    const isNews = command.type === 'RegisterApplication' && status === 'accepted';
    if (stream !== null && (isNews || code === 'VALIDATION_OUTDATED')) {
      this.#parts.registrations.forget(stream.id);
    }
  }

  /** Lines whose breaker is open, as `<application> <validator>`. */
  *openLines(): Iterable<string> {
    for (const [key, line] of this.#lines) if (line.isOpen) yield key.split('\n', 1)[0] ?? '';
  }

  async #ask(validator: RemoteValidator, question: Question): Promise<Attestation> {
    const beganMs = performance.now();
    const { application, version } = question;
    const common = { validator: validator.name, applicationVersion: version };
    const attestation = await this.#answerOf(validator, question).then(
      (verdict): Attestation => ({ ...common, ...verdict }),
      (error: unknown): Attestation => {
        // That nobody was asked is not that nobody answered.
        if (error instanceof SubmissionRefused) throw error;
        return {
          ...common,
          status: 'unavailable',
          message: reasonOf(error),
          facts: {},
          observedAt: this.#parts.clock.now(),
        };
      },
    );
    const seconds = (performance.now() - beganMs) / 1_000;
    const { status } = attestation;
    this.#parts.asked({ application, validator: validator.name, status, seconds });
    return attestation;
  }

  async #answerOf(validator: RemoteValidator, question: Question): Promise<Verdict> {
    const { secretsDirectory, clock } = this.#parts;
    const { application, command } = question;
    const url = new URL(validator.url);
    const fault = this.#hostFault(url);
    if (fault !== null) {
      if (validator.onUnavailable === 'flag') throw new HostNotAllowed(fault);
      // No later time makes it better: its operator does, or another registration.
      const detail = `Validator ${validator.name} cannot be asked: ${fault}`;
      throw new SubmissionRefused('VALIDATOR_HOST_NOT_ALLOWED', detail);
    }
    const body = textOf(validator.name, question);
    const place = { directory: secretsDirectory, application };
    const { actor } = command.value.envelope;
    return this.#line(application, validator).ask(actor, async (signal) => {
      const headers = await secretHeaders(place, validator.secretRef, body, clock.now());
      return readVerdict(await postQuestion(url, body, headers, signal), clock.now());
    });
  }

  /** Other terms are another line: what was counted against the former address is not the new one's. */
  #line(
    application: string,
    { name, url, deadlineMillis, retries }: RemoteValidator,
  ): ValidatorLine {
    const key = `${application} ${name}\n${url} ${deadlineMillis} ${retries}`;
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new ValidatorLine({ deadlineMillis, retries });
      this.#lines.set(key, line);
      const [oldest] = this.#lines.keys();
      if (this.#lines.size > LINES_MAX && oldest !== undefined) this.#lines.delete(oldest);
    }
    return line;
  }
}

/** The command as its sender wrote it, and who sends it; docs/reference/validators.md. */
function textOf(validator: string, { application, version, command, shown }: Question): string {
  const message = toJson(fullNameOf[command.type], command.value) as Record<string, unknown>;
  const fields = Object.entries(message).filter(([name]) => name !== 'envelope');
  const data = Object.fromEntries(fields);
  const { commandId, actor, reason, dryRun, submittedAt } = command.value.envelope;
  return JSON.stringify({
    validator,
    application,
    applicationVersion: version.toString(),
    command: { commandId, type: command.type, reason, dryRun, data },
    ...shown,
    actor,
    askedAt: timeToJson(submittedAt),
  });
}
