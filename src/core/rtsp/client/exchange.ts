/**
 * Requests of one client and the responses to them: CSeq, credentials, and the pairing that devices make hard. TP-Link C520WS answers with
 * the previous CSeq (ret#133), Xiaomi-Dafang with 0: a response that fits no request belongs to the oldest open one.
 */
import { authorize, type Credentials } from '../digest/authorization.ts';
import { parseChallenges, type Challenge, type Hash, type HashAlgorithm } from '../digest/challenge.ts';
import { RtspHeaders } from '../wire/headers.ts';
import type { RtspResponse } from '../wire/message.ts';
import { cseqOf } from '../wire/parse-head.ts';
import { serialiseRequest } from '../wire/serialise.ts';
import type { Unanswerable } from './client-errors.ts';

export interface OpenRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Sent again with it. */
  readonly body: Uint8Array | undefined;
  readonly cseq: number;
  readonly sentMs: number;
  /** With the answers to which challenges, that it was itself given, it was sent again; twice the same if the nonce was too old. */
  readonly answered: readonly ChallengeKind[];
}

type ChallengeKind = 'basic' | HashAlgorithm;

export interface ExchangeOptions {
  readonly userAgent: string;
  readonly hash: Hash;
  readonly nonce: () => string;
}

/** Keep-alives that are never answered must not pile up: the oldest are forgotten. */
const MAX_OPEN_REQUESTS = 4;
/** A server may say that a nonce is too old, but not for ever. */
const MAX_STALE_NONCES = 3;

export class Exchange {
  readonly #options: ExchangeOptions;
  #credentials: Credentials | undefined;
  #challenge: Challenge | undefined;
  #nonceCount = 0;
  #cseq = 0;
  #open: OpenRequest[] = [];
  #mismatches = 0;

  constructor(options: ExchangeOptions, credentials: Credentials | undefined) {
    this.#options = options;
    this.#credentials = credentials;
  }

  /** Responses that had another CSeq than any request's. */
  get mismatches(): number {
    return this.#mismatches;
  }

  get oldest(): OpenRequest | undefined {
    return this.#open[0];
  }

  /** Another server, or another connection to the same: nothing is open there. What was learnt of authentication stays with the credentials. */
  reconnect(credentials: Credentials | undefined): void {
    if (credentials !== this.#credentials) this.#challenge = undefined;
    this.#credentials = credentials;
    this.#open = [];
  }

  request(
    method: string,
    uri: string,
    headers: readonly (readonly [string, string])[],
    nowMs: number,
    body?: Uint8Array,
  ): Uint8Array {
    return this.#send({ method, uri, headers, body, answered: [] }, nowMs);
  }

  /** The request that this answers, which is then open no more; undefined if there is none, or if it is not final. */
  take(response: RtspResponse): OpenRequest | undefined {
    if (response.status < 200) return undefined;
    const cseq = cseqOf(response);
    let index = this.#open.findIndex((request) => request.cseq === cseq);
    if (index < 0 && this.#open.length > 0) {
      this.#mismatches += 1;
      index = 0;
    }
    return this.#open.splice(Math.max(index, 0), 1)[0];
  }

  /**
   * What to send for a 401: the request again, with credentials. A keep-alive may get one with a new nonce in mid-session
   * (SharpRTSP#126). Otherwise why there is nothing to send.
   */
  answer(request: OpenRequest, response: RtspResponse, nowMs: number): Uint8Array | Unanswerable {
    if (this.#credentials === undefined) return 'no-credentials';
    const challenges = parseChallenges(response.headers.getAll('WWW-Authenticate'));
    if (challenges.length === 0) return 'unknown-scheme';
    const challenge = this.#next(challenges, request.answered);
    if (challenge === undefined) return 'refused';
    this.#challenge = challenge;
    this.#nonceCount = 0;
    return this.#send({ ...request, answered: [...request.answered, kindOf(challenge)] }, nowMs);
  }

  /**
   * Each kind once, the strongest first: a server may offer SHA-256 and take MD5 alone. What it took for another request comes before all,
   * and a nonce that was too old is no refusal.
   */
  #next(challenges: readonly Challenge[], answered: readonly ChallengeKind[]): Challenge | undefined {
    const last = answered.at(-1) ?? (this.#challenge && kindOf(this.#challenge));
    const same = challenges.find((challenge) => kindOf(challenge) === last);
    const stale = same?.scheme === 'digest' && same.stale && answered.length < MAX_STALE_NONCES;
    if (stale || (same !== undefined && answered.length === 0)) return same;
    return challenges.find((challenge) => !answered.includes(kindOf(challenge)));
  }

  #send(request: Omit<OpenRequest, 'cseq' | 'sentMs'>, nowMs: number): Uint8Array {
    const { method, uri, headers, body, answered } = request;
    this.#cseq += 1;
    this.#open = [
      ...this.#open.slice(1 - MAX_OPEN_REQUESTS),
      { method, uri, headers, body, answered, cseq: this.#cseq, sentMs: nowMs },
    ];
    const all: (readonly [string, string])[] = [['CSeq', String(this.#cseq)]];
    if (this.#challenge !== undefined && this.#credentials !== undefined) {
      this.#nonceCount += 1;
      const answer = {
        credentials: this.#credentials,
        method,
        uri,
        nonceCount: this.#nonceCount,
        cnonce: this.#options.nonce(),
      };
      all.push(['Authorization', authorize(this.#challenge, answer, this.#options.hash)]);
    }
    all.push(['User-Agent', this.#options.userAgent], ...headers);
    return serialiseRequest({ method, uri, headers: new RtspHeaders(all), ...(body !== undefined && { body }) });
  }
}

function kindOf(challenge: Challenge): ChallengeKind {
  return challenge.scheme === 'basic' ? 'basic' : challenge.algorithm;
}
