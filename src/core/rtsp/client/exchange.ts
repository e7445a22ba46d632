/**
 * Requests of one client and the responses to them: CSeq, credentials, and the pairing that devices make hard. TP-Link C520WS answers with
 * the previous CSeq (ret#133), Xiaomi-Dafang with 0: a response that fits no request belongs to the oldest open one.
 */
import { authorize, type Credentials } from '../digest/authorization.ts';
import { parseChallenges, type Challenge, type Hash } from '../digest/challenge.ts';
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
  /** How often it was sent again with the answer to a challenge that it was itself given. */
  readonly challenges: number;
}

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
    return this.#send({ method, uri, headers, body, challenges: 0 }, nowMs);
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
    const challenge = parseChallenges(response.headers.getAll('WWW-Authenticate'))[0];
    if (challenge === undefined) return 'unknown-scheme';
    const stale = challenge.scheme === 'digest' && challenge.stale;
    if (request.challenges >= (stale ? MAX_STALE_NONCES : 1)) return 'refused';
    this.#challenge = challenge;
    this.#nonceCount = 0;
    return this.#send({ ...request, challenges: request.challenges + 1 }, nowMs);
  }

  #send(request: Omit<OpenRequest, 'cseq' | 'sentMs'>, nowMs: number): Uint8Array {
    const { method, uri, headers, body, challenges } = request;
    this.#cseq += 1;
    this.#open = [
      ...this.#open.slice(1 - MAX_OPEN_REQUESTS),
      { method, uri, headers, body, challenges, cseq: this.#cseq, sentMs: nowMs },
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
