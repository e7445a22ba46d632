/** What a request comes to: its reply and what follows it, or a question to the edge first. */
import type { RtspRequest } from '../wire/message.ts';
import { serialiseMethods } from '../wire/method-list.ts';
import { locationOf } from './redirect.ts';
import { refusal, refusalOf, type Reply } from './response.ts';
import type { LoginNeed, ServerAnswer, ServerAsk, ServerOutput } from './server-io.ts';
import type { ServerSession } from './session.ts';
import { allowedMethods, type SessionPhase, type SessionPurpose } from './session-state.ts';

export type Outcome = Replied | Asked;

export interface Replied {
  readonly kind: 'reply';
  readonly reply: Reply;
  /** Named in the reply's Session header. */
  readonly session: ServerSession | undefined;
  /** Carried out once the reply is on its way. */
  readonly after: ServerOutput | undefined;
}

export interface Asked {
  readonly kind: 'ask';
  readonly ask: ServerAsk;
  /** What the edge's answer comes to. Called once; `unauthorized`, `refused` and `moved` are answered before. */
  readonly finish: (answer: GrantedAnswer, nowMs: number) => Outcome;
}

export type GrantedAnswer = Exclude<ServerAnswer, { readonly kind: 'unauthorized' | 'refused' | 'moved' }>;

export function replied(reply: Reply, session?: ServerSession, after?: ServerOutput): Replied {
  return { kind: 'reply', reply, session, after };
}

export function asked(ask: ServerAsk, finish: Asked['finish']): Asked {
  return { kind: 'ask', ask, finish };
}

/** `uri`: of the request. */
export function finished(asked: Asked, answer: ServerAnswer, uri: string, nowMs: number): Outcome {
  if (answer.kind === 'refused') return replied(refusalOf(answer.error));
  if (answer.kind === 'unauthorized') {
    const headers = answer.challenges.map((value) => ['WWW-Authenticate', value] as const);
    return replied(refusal('unauthorized', headers));
  }
  if (answer.kind === 'moved') return replied(refusal('moved', [['Location', locationOf(answer.to, uri)]]));
  return asked.finish(answer, nowMs);
}

/** The edge's answer is of another kind than its question: its fault, and no reason to leave the peer without a reply. */
export function mismatched(): Replied {
  return replied(refusal('internal'));
}

/** 455 and what may be asked instead. */
export function notNow(phase: SessionPhase, purpose: SessionPurpose, session: ServerSession | undefined): Replied {
  const allow = serialiseMethods(allowedMethods(phase, purpose));
  return replied(refusal('method-invalid-in-state', [['Allow', allow]]), session);
}

export function loginNeed(request: RtspRequest, right: LoginNeed['right'], stream: string): LoginNeed {
  const { method, uri, headers } = request;
  return { request: { method, uri, authorization: headers.get('Authorization') }, right, stream };
}
