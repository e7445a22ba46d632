/** What a client answers (RFC 7617 §2, RFC 7616 §3.4, RFC 2617 §3.2.2): the Authorization header, computed, read and verified. */
import {
  algorithmNamed,
  quoted,
  type Challenge,
  type DigestChallenge,
  type Hash,
  type HashAlgorithm,
} from './challenge.ts';
import { parseSchemes } from './parameters.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** One answer to a challenge. */
export interface AuthorizationRequest {
  readonly credentials: Credentials;
  readonly method: string;
  /** As in the request line, without user and password (g2r#244). */
  readonly uri: string;
  /** From 1, for each answer to the same nonce. */
  readonly nonceCount: number;
  /** Unguessable text without quotes. */
  readonly cnonce: string;
}

/** The value of an Authorization header. */
export function authorize(challenge: Challenge, request: AuthorizationRequest, hash: Hash): string {
  const { user, password } = request.credentials;
  if (challenge.scheme === 'basic') return `Basic ${base64(`${user}:${password}`)}`;
  const { realm, nonce, algorithm, qop } = challenge;
  const nc = request.nonceCount.toString(16).padStart(8, '0');
  const ha1 = digestHa1({ user, realm, password }, algorithm, hash);
  const answer: DigestAnswer = { method: request.method, uri: request.uri, nonce, qop, nc, cnonce: request.cnonce };
  return `Digest ${digestParts(challenge, request, nc, digestResponse(ha1, answer, algorithm, hash)).join(', ')}`;
}

export interface BasicAuthorization extends Credentials {
  readonly scheme: 'basic';
}

export interface DigestAuthorization {
  readonly scheme: 'digest';
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly algorithm: HashAlgorithm;
  readonly qop: string | undefined;
  readonly nc: string | undefined;
  readonly cnonce: string | undefined;
}

export type Authorization = BasicAuthorization | DigestAuthorization;

/** Undefined for another scheme, another algorithm, or what lacks a part. */
export function parseAuthorization(value: string): Authorization | undefined {
  const basic = /^\s*basic\s+([A-Za-z0-9+/]+={0,2})\s*$/i.exec(value)?.[1];
  if (basic !== undefined) return parseBasic(basic);
  const found = parseSchemes(value)[0];
  return found?.scheme === 'digest' ? parseDigest(found.parameters) : undefined;
}

/**
 * Whether the answer is right for the user's HA1 and this method. Realm, nonce and `uri` are the caller's to judge: devices
 * sign the base URL, the stream's or a relative path (gsl auth/verify.go).
 */
export function verifyDigest(authorization: DigestAuthorization, method: string, ha1: string, hash: Hash): boolean {
  const { uri, nonce, nc = '', cnonce = '', algorithm } = authorization;
  const qop = authorization.qop?.toLowerCase();
  if (qop !== undefined && qop !== 'auth') return false;
  const expected = digestResponse(
    ha1,
    { method, uri, nonce, qop: qop === 'auth' ? 'auth' : undefined, nc, cnonce },
    algorithm,
    hash,
  );
  return sameText(expected, authorization.response.toLowerCase());
}

/** The user's secret for a realm: what a server may keep instead of the password. */
export function digestHa1(
  user: Credentials & { readonly realm: string },
  algorithm: HashAlgorithm,
  hash: Hash,
): string {
  return hash(algorithm, `${user.user}:${user.realm}:${user.password}`);
}

interface DigestAnswer {
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  readonly qop: 'auth' | undefined;
  readonly nc: string;
  readonly cnonce: string;
}

function digestResponse(ha1: string, answer: DigestAnswer, algorithm: HashAlgorithm, hash: Hash): string {
  const ha2 = hash(algorithm, `${answer.method}:${answer.uri}`);
  const middle =
    answer.qop === undefined ? answer.nonce : `${answer.nonce}:${answer.nc}:${answer.cnonce}:${answer.qop}`;
  return hash(algorithm, `${ha1}:${middle}:${ha2}`);
}

function digestParts(
  challenge: DigestChallenge,
  request: AuthorizationRequest,
  nc: string,
  response: string,
): string[] {
  const parts = [
    `username="${quoted(request.credentials.user)}"`,
    `realm="${quoted(challenge.realm)}"`,
    `nonce="${quoted(challenge.nonce)}"`,
    `uri="${quoted(request.uri)}"`,
    `response="${response}"`,
  ];
  if (challenge.algorithmGiven) parts.push(`algorithm=${challenge.algorithm}`);
  if (challenge.qop !== undefined) parts.push(`qop=${challenge.qop}`, `nc=${nc}`, `cnonce="${request.cnonce}"`);
  if (challenge.opaque !== undefined) parts.push(`opaque="${quoted(challenge.opaque)}"`);
  return parts;
}

function parseBasic(encoded: string): BasicAuthorization | undefined {
  const text = fromBase64(encoded);
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 0) return undefined;
  return { scheme: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function parseDigest(parameters: ReadonlyMap<string, string>): DigestAuthorization | undefined {
  const [username, realm, nonce, uri, response] = ['username', 'realm', 'nonce', 'uri', 'response'].map((name) =>
    parameters.get(name),
  );
  const algorithm = algorithmNamed(parameters.get('algorithm'));
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined) return undefined;
  if (response === undefined || algorithm === undefined) return undefined;
  const [qop, nc, cnonce] = ['qop', 'nc', 'cnonce'].map((name) => parameters.get(name));
  return { scheme: 'digest', username, realm, nonce, uri, response, algorithm, qop, nc, cnonce };
}

function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function fromBase64(encoded: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

/** In time that does not tell how much of it is right. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % Math.max(b.length, 1));
  return difference === 0;
}
