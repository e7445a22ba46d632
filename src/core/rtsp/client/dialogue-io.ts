/** What goes into and comes out of every client session, whatever its media; and what the machine of one adds to a `Dialogue`. */
import type { TrackFormat } from '../../codec/track-format.ts';
import type { WeirError } from '../../errors.ts';
import type { RtspUnit } from '../wire/framer.ts';
import type { RtspResponse } from '../wire/message.ts';
import type { RtspUrl } from '../wire/rtsp-url.ts';
import type { DialogueSide } from './dialogue-errors.ts';
import type { ExchangeOptions, HeaderList } from './exchange.ts';

export interface DialogueOptions extends ExchangeOptions {
  readonly url: RtspUrl;
  /** The URL as it may be shown: the place of errors. */
  readonly label: string;
  readonly side: DialogueSide;
  /** To the answer of a request. */
  readonly responseMs: number;
}

export type DialogueInput =
  | { readonly kind: 'start' }
  /** The connection that `connect` asked for is open. */
  | { readonly kind: 'connected' }
  /** What the framer of that connection gave. */
  | { readonly kind: 'units'; readonly units: readonly RtspUnit[] }
  | { readonly kind: 'closed' }
  /** The moment of the last `wake` has come. */
  | { readonly kind: 'tick' }
  /** Tear down and end. */
  | { readonly kind: 'stop' };

export type DialogueOutput =
  /** Open a connection there, with a new framer; close the one before once it is sent out. */
  | { readonly kind: 'connect'; readonly url: RtspUrl }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** Push `tick` then (monotonic ms); replaces the wake before. */
  | { readonly kind: 'wake'; readonly atMs: number }
  /** All is said; close the connection. `error`: why, undefined after `stop`. */
  | { readonly kind: 'end'; readonly error: WeirError | undefined };

/** What a machine does in a dialogue: with its own steps, each of which waits for an answer, or has media. */
export interface DialogueRole<Step, Output> {
  /** OPTIONS is answered, however it is: asks the first question, and goes to the first step. `server`: what it says it is. */
  begin(server: string | undefined, nowMs: number): void;
  /** A final answer to what was asked in this step; a 401 only where media goes on without. */
  answered(step: Step, response: RtspResponse, nowMs: number): void;
  /** A frame, or rubbish between units. Undefined: before the first step. */
  came(step: Step | undefined, unit: RtspUnit & { readonly kind: 'frame' | 'garbage' }, nowMs: number): void;
  /** When to be told `due`: of steps with media, and of no other. */
  dueMs(step: Step): number | undefined;
  due(step: Step, nowMs: number): void;
  /** The connection broke off in a step with media. */
  cut(step: Step, nowMs: number): void;
  /** How to end what the server holds; undefined: it holds nothing. */
  farewell(step: Step): Farewell<Output> | undefined;
  /** The tracks of the session, for an ANNOUNCE of a changed description. */
  formats(step: Step | undefined): readonly Omit<TrackFormat, 'parameters'>[];
}

/** A TEARDOWN, and what goes out before it. */
export interface Farewell<Output> {
  readonly uri: string;
  readonly headers: HeaderList;
  readonly before: readonly Output[];
}
