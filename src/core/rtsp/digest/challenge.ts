/**
 * What a server asks for (RFC 7617 §2, RFC 7616 §3.3, RFC 2617 §3.2.1): WWW-Authenticate, read and written.
 *
 *     Digest realm="x", nonce="y", algorithm=SHA-256, qop="auth"      Basic realm="x"
 *
 * Several challenges may stand in one header or in several; unreadable ones and unknown algorithms are left out (ret#25, gsl#558).
 */
import { parseSchemes } from './parameters.ts';

export type HashAlgorithm = 'MD5' | 'SHA-256';
/** The hash of the UTF-8 bytes of `text`, in lower-case hexadecimal. Passed in: core has none. */
export type Hash = (algorithm: HashAlgorithm, text: string) => string;

export interface BasicChallenge {
  readonly scheme: 'basic';
  readonly realm: string;
}

export interface DigestChallenge {
  readonly scheme: 'digest';
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: HashAlgorithm;
  /** The challenge named its algorithm: then the answer does too. */
  readonly algorithmGiven: boolean;
  /** 'auth' is among the offered; without it RFC 2069's form is used. */
  readonly qop: 'auth' | undefined;
  readonly opaque: string | undefined;
  readonly stale: boolean;
}

export type Challenge = BasicChallenge | DigestChallenge;

/** More are not looked at. */
export const MAX_CHALLENGES = 8;

/** All that can be answered, the strongest first: SHA-256, MD5, Basic. `values`: the WWW-Authenticate headers. */
export function parseChallenges(values: readonly string[]): readonly Challenge[] {
  const challenges: Challenge[] = [];
  for (const { scheme, parameters } of values.flatMap(parseSchemes).slice(0, MAX_CHALLENGES)) {
    const realm = parameters.get('realm') ?? '';
    if (scheme === 'basic') challenges.push({ scheme, realm });
    const digest = scheme === 'digest' ? digestChallenge(realm, parameters) : undefined;
    if (digest !== undefined) challenges.push(digest);
  }
  return challenges.sort((a, b) => strength(b) - strength(a));
}

export function serialiseChallenge(challenge: Challenge): string {
  if (challenge.scheme === 'basic') return `Basic realm="${quoted(challenge.realm)}"`;
  const parts = [`realm="${quoted(challenge.realm)}"`, `nonce="${quoted(challenge.nonce)}"`];
  if (challenge.algorithmGiven) parts.push(`algorithm=${challenge.algorithm}`);
  if (challenge.qop !== undefined) parts.push(`qop="${challenge.qop}"`);
  if (challenge.opaque !== undefined) parts.push(`opaque="${quoted(challenge.opaque)}"`);
  if (challenge.stale) parts.push('stale=true');
  return `Digest ${parts.join(', ')}`;
}

/** As a quoted-string holds it. */
export function quoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}

/** 'MD5' where it does not say; undefined for what we do not compute. */
export function algorithmNamed(name: string | undefined): HashAlgorithm | undefined {
  switch (name?.toUpperCase()) {
    case undefined:
    case '':
    case 'MD5':
      return 'MD5';
    case 'SHA-256':
    case 'SHA256':
      return 'SHA-256';
    default:
      return undefined;
  }
}

function digestChallenge(realm: string, parameters: ReadonlyMap<string, string>): DigestChallenge | undefined {
  const nonce = parameters.get('nonce');
  const named = parameters.get('algorithm');
  const algorithm = algorithmNamed(named);
  if (nonce === undefined || algorithm === undefined || !parameters.has('realm')) return undefined;
  const offered =
    parameters
      .get('qop')
      ?.split(/[\s,]+/)
      .filter((word) => word !== '') ?? [];
  const qop = offered.some((word) => word.toLowerCase() === 'auth') ? 'auth' : undefined;
  // Only auth-int: we could not answer what the body's hash belongs to.
  if (offered.length > 0 && qop === undefined) return undefined;
  const stale = parameters.get('stale')?.toLowerCase() === 'true';
  return {
    scheme: 'digest',
    realm,
    nonce,
    algorithm,
    algorithmGiven: named !== undefined && named !== '',
    qop,
    opaque: parameters.get('opaque'),
    stale,
  };
}

function strength(challenge: Challenge): number {
  if (challenge.scheme === 'basic') return 0;
  return challenge.algorithm === 'MD5' ? 1 : 2;
}
