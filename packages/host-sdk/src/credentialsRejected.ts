import { LogRefused } from '@prorata/kafka-port';

/**
 * The other side does not take the token, or the broker the user and password. Unlike an outage it does not
 * pass by itself: whoever runs the host must give it others. Asked again nonetheless, for a function may
 * bring a new token.
 */
export class CredentialsRejected extends Error {
  override readonly name = 'CredentialsRejected';
  /** 401: nobody's, or no longer; 403: somebody's, who may not do this. */
  readonly status: 401 | 403;

  constructor(message: string, status: 401 | 403, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

const meanings = {
  401: 'the token is none that is taken here, or it has ended',
  403: 'the token has not the role host for this application',
} as const;

/** @throws CredentialsRejected */
export function assertTaken(path: string, status: number): void {
  if (status !== 401 && status !== 403) return;
  throw new CredentialsRejected(`${path} answered ${status}: ${meanings[status]}.`, status);
}

/** What a broker says to a user that it does not know, or that its access rules do not let in; all else as it is. */
export function orRejection(error: unknown): unknown {
  if (!(error instanceof LogRefused)) return error;
  const { code, message } = error;
  if (code === 'SASL_AUTHENTICATION_FAILED') {
    const what = `Kafka takes neither this user nor this password: ${message}`;
    return new CredentialsRejected(what, 401, { cause: error });
  }
  if (!code.endsWith('_AUTHORIZATION_FAILED')) return error;
  return new CredentialsRejected(`Kafka does not let this user in: ${message}`, 403, {
    cause: error,
  });
}
