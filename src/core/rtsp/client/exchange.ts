/**
 * Requests of one client and the responses to them: CSeq, credentials, and the pairing that devices make hard. TP-Link C520WS answers with
 * the previous CSeq (ret#133), Xiaomi-Dafang with 0: a response that fits no request belongs to the oldest open one.
 */
import type { Credentials } from '../digest/authorization.ts';
import { ClientLogin, type ChallengeKind, type ClientLoginOptions, type Unanswerable } from './client-login.ts';
import { RtspHeaders } from '../wire/headers.ts';
import type { RtspResponse } from '../wire/message.ts';
import { cseqOf } from '../wire/parse-head.ts';
import { serialiseRequest } from '../wire/serialise.ts';

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface OpenRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: HeaderList;
  /** Sent again with it. */
  readonly body: Uint8Array | undefined;
  readonly cseq: number;
  readonly sentMs: number;
  /** With the answers to which challenges, that it was itself given, it was sent again; twice the same if the nonce was too old. */
  readonly answered: readonly ChallengeKind[];
}

export interface ExchangeOptions extends ClientLoginOptions {
  /** Some cameras refuse whoever does not say it (g2r#235). */
  readonly userAgent: string;
}

/** Keep-alives that are never answered must not pile up: the oldest are forgotten. */
const MAX_OPEN_REQUESTS = 4;

export class Exchange {
  readonly #userAgent: string;
  readonly #login: ClientLogin;
  #cseq = 0;
  #open: OpenRequest[] = [];
  #mismatches = 0;
  #unexpected = 0;

  constructor(options: ExchangeOptions, credentials: Credentials | undefined) {
    this.#userAgent = options.userAgent;
    this.#login = new ClientLogin(options, credentials);
  }

  /** Responses that had another CSeq than any request's. */
  get mismatches(): number {
    return this.#mismatches;
  }

  /** Responses to nothing. */
  get unexpected(): number {
    return this.#unexpected;
  }

  get oldest(): OpenRequest | undefined {
    return this.#open[0];
  }

  /** Another server, or another connection to the same: nothing is open there. What was learnt of authentication stays with the credentials. */
  reconnect(credentials: Credentials | undefined): void {
    this.#login.become(credentials);
    this.forgetOpen();
  }

  /** What was asked is not waited for any more. */
  forgetOpen(): void {
    this.#open = [];
  }

  request(method: string, uri: string, headers: HeaderList, nowMs: number, body?: Uint8Array): Uint8Array {
    return this.#send({ method, uri, headers, body, answered: [] }, nowMs);
  }

  /** The request that this answers, which is then open no more; undefined if there is none, or if it is not final. */
  take(response: RtspResponse): OpenRequest | undefined {
    if (response.status < 200) return undefined;
    if (this.#open.length === 0) {
      this.#unexpected += 1;
      return undefined;
    }
    const cseq = cseqOf(response);
    const index = this.#open.findIndex((request) => request.cseq === cseq);
    if (index < 0) this.#mismatches += 1;
    return this.#open.splice(Math.max(index, 0), 1)[0];
  }

  /**
   * What to send for a 401: the request again, with credentials. A keep-alive may get one with a new nonce in mid-session
   * (SharpRTSP#126). Otherwise why there is nothing to send.
   */
  answer(request: OpenRequest, response: RtspResponse, nowMs: number): Uint8Array | Unanswerable {
    const taken = this.#login.take(response.headers.getAll('WWW-Authenticate'), request.answered);
    if (typeof taken === 'string') return taken;
    return this.#send({ ...request, answered: [...request.answered, taken.kind] }, nowMs);
  }

  #send(request: Omit<OpenRequest, 'cseq' | 'sentMs'>, nowMs: number): Uint8Array {
    const { method, uri, headers, body, answered } = request;
    this.#cseq += 1;
    this.#open = [
      ...this.#open.slice(1 - MAX_OPEN_REQUESTS),
      { method, uri, headers, body, answered, cseq: this.#cseq, sentMs: nowMs },
    ];
    const authorization = this.#login.authorization(method, uri);
    const all = new RtspHeaders([
      ['CSeq', String(this.#cseq)],
      ...(authorization === undefined ? [] : [['Authorization', authorization] as const]),
      ['User-Agent', this.#userAgent],
      ...headers,
    ]);
    return serialiseRequest({ method, uri, headers: all, ...(body !== undefined && { body }) });
  }
}
