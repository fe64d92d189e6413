import { TableFault } from '../tableFault.ts';

const REGION = 'the bucket is in another region: say which in PRORATA_USAGE_S3_REGION';
const DENIED =
  'the credentials may not do this: s3:ListBucket on the bucket and s3:GetObject, PutObject and DeleteObject below the prefix are needed';

/** What only a person can change, and what that is, by the name that S3 or the client gives to it. */
const refusals: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket: make it, or name another in PRORATA_USAGE_LOCATION',
  InvalidBucketName: 'that is no name of a bucket: change PRORATA_USAGE_LOCATION',
  InvalidAccessKeyId: 'the access key is not known there: see AWS_ACCESS_KEY_ID or the profile',
  SignatureDoesNotMatch:
    'the secret key is not the one of the access key: see AWS_SECRET_ACCESS_KEY or the profile',
  CredentialsProviderError:
    'no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role',
  ExpiredToken: 'the credentials have ended: renew them',
  InvalidToken: 'the session token is not valid: renew the credentials',
  RequestTimeTooSkewed: "this machine's clock is off: set it right",
  AccessDenied: DENIED,
  AllAccessDisabled: DENIED,
  AccountProblem: DENIED,
  PermanentRedirect: REGION,
  AuthorizationHeaderMalformed: REGION,
  IllegalLocationConstraintException: REGION,
};

const byStatus: Readonly<Record<number, string>> = { 301: REGION, 401: DENIED, 403: DENIED };

interface SdkError {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

export const statusOf = (error: unknown): number | undefined =>
  (error as SdkError).$metadata?.httpStatusCode;

export const nameOf = (error: unknown): string => (error as SdkError).name ?? 'Error';

/**
 * What the client throws carries the request, with what was signed and by which key. Only its name,
 * status and request id go on, so that no log ever has more.
 * @throws the error itself where it is a bug of ours and no answer
 */
export function s3Fault(location: string, action: string, error: unknown): TableFault {
  if (error instanceof TableFault) return error;
  if (error instanceof TypeError || error instanceof RangeError) throw error;
  const status = statusOf(error);
  const { code, $metadata } = error as SdkError;
  const name = code ?? nameOf(error);
  const said = [name, status, $metadata?.requestId && `request ${$metadata.requestId}`];
  const told = `${action} ${location}: ${said.filter((each) => each !== undefined && each !== '').join(', ')}`;
  const refusal = refusals[name] ?? refusals[nameOf(error)] ?? (status && byStatus[status]);
  if (typeof refusal === 'string') return new TableFault('STORAGE_REFUSED', `${refusal} (${told})`);
  return new TableFault('STORAGE_UNAVAILABLE', told);
}
