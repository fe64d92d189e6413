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
import { mustBeAllowed } from './allowedHosts.ts';
import { postQuestion } from './postQuestion.ts';
import { readVerdict } from './readVerdict.ts';
import type { RegistrationBook } from './registrationBook.ts';
import { secretHeaders } from './secretHeaders.ts';
import { reasonOf, ValidatorLine } from './validatorLine.ts';

/** Lines remembered; of one that goes, the breaker is forgotten and nothing else. */
const LINES_MAX = 2_000;

export interface AskedValidator {
  readonly application: string;
  readonly validator: string;
  readonly status: Attestation['status'];
  readonly seconds: number;
}

export interface ValidatorDeskParts {
  readonly registrations: Pick<RegistrationBook, 'of' | 'forget'>;
  /** `host` or `host:port` that may be asked. */
  readonly hosts: ReadonlySet<string>;
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

  /** What validators answer about a command, silence included; empty when none need be asked. Never rejects. */
  async attest(command: CommandMessage): Promise<readonly Attestation[]> {
    const stream = parseStream(command.value.envelope.stream);
    if (stream?.kind !== 'application' || command.type === 'RegisterApplication') return [];
    const registration = await this.#parts.registrations.of(stream.id);
    if (registration === null || registration.validators.length === 0) return [];
    const asked = askedValidators(registration.validators, command);
    return Promise.all(
      asked.map((validator) => this.#ask(stream.id, registration.version, validator, command)),
    );
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

  async #ask(
    application: string,
    version: bigint,
    validator: RemoteValidator,
    command: CommandMessage,
  ): Promise<Attestation> {
    const beganMs = performance.now();
    const common = { validator: validator.name, applicationVersion: version };
    const attestation = await this.#answerOf(application, version, validator, command).then(
      (verdict): Attestation => ({ ...common, ...verdict }),
      (error: unknown): Attestation => ({
        ...common,
        status: 'unavailable',
        message: reasonOf(error),
        facts: {},
        observedAt: this.#parts.clock.now(),
      }),
    );
    const seconds = (performance.now() - beganMs) / 1_000;
    this.#parts.asked({
      application,
      validator: validator.name,
      status: attestation.status,
      seconds,
    });
    return attestation;
  }

  async #answerOf(
    application: string,
    version: bigint,
    validator: RemoteValidator,
    command: CommandMessage,
  ) {
    const { hosts, secretsDirectory, clock } = this.#parts;
    const url = new URL(validator.url);
    mustBeAllowed(url, hosts);
    const body = questionOf(application, version, validator.name, command);
    const place = { directory: secretsDirectory, application };
    const text = await this.#line(application, validator).ask(async (signal) => {
      const headers = await secretHeaders(place, validator.secretRef, body, clock.now());
      return readVerdict(await postQuestion(url, body, headers, signal), clock.now());
    });
    return text;
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

/** The question: the command as its sender wrote it, and who sends it; docs/reference/validators.md. */
function questionOf(
  application: string,
  applicationVersion: bigint,
  validator: string,
  command: CommandMessage,
): string {
  const message = toJson(fullNameOf[command.type], command.value) as Record<string, unknown>;
  const fields = Object.entries(message).filter(([name]) => name !== 'envelope');
  const data = Object.fromEntries(fields);
  const { commandId, actor, reason, dryRun, submittedAt } = command.value.envelope;
  return JSON.stringify({
    validator,
    application,
    applicationVersion: applicationVersion.toString(),
    command: { commandId, type: command.type, reason, dryRun, data },
    actor,
    askedAt: timeToJson(submittedAt),
  });
}
