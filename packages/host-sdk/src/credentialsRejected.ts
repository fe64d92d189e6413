/**
 * The other side does not take the token. Unlike an outage it does not pass by itself: whoever runs the
 * host must give it another. Asked again nonetheless, for a function may bring a new token.
 */
export class CredentialsRejected extends Error {
  override readonly name = 'CredentialsRejected';
  /** 401: nobody's, or no longer; 403: somebody's, who may not do this. */
  readonly status: number;

  constructor(path: string, status: number) {
    super(`${path} answered ${status}: ${meanings[status] ?? 'the token was rejected'}.`);
    this.status = status;
  }
}

const meanings: Readonly<Record<number, string>> = {
  401: 'the token is none that is taken here, or it has ended',
  403: 'the token has not the role host for this application',
};

/** @throws CredentialsRejected */
export function assertTaken(path: string, status: number): void {
  if (status in meanings) throw new CredentialsRejected(path, status);
}
