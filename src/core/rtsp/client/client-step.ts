/** The steps of a `ClientMachine`, each with what it holds. */
import type { WeirError } from '../../errors.ts';
import type { ClientTimeouts } from './client-io.ts';
import type { ClientSession } from './client-session.ts';
import type { MediaGate } from './media-gate.ts';

export type ClientStep = { readonly kind: 'describing' } | Binding | SettingUp | Starting | Playing;

/** Ports for the next track are being opened. */
export interface Binding {
  readonly kind: 'binding';
  readonly session: ClientSession;
  readonly next: number;
  readonly failure: SetupFailure | undefined;
}

export interface SettingUp {
  readonly kind: 'setting-up';
  readonly session: ClientSession;
  /** Index of the planned track whose SETUP is open. */
  readonly next: number;
  /** Why the first track that could not be set up could not. */
  readonly failure: SetupFailure | undefined;
}

export interface SetupFailure {
  readonly error: WeirError;
  /** It is about how media travels: another way may do. */
  readonly ofWay: boolean;
}

export interface Starting {
  readonly kind: 'starting';
  readonly session: ClientSession;
  readonly media: MediaGate;
}

export interface Playing {
  readonly kind: 'playing';
  readonly session: ClientSession;
  readonly media: MediaGate;
  readonly sinceMs: number;
  readonly keepAliveAtMs: number;
}

/** When there is too little media: time-out of the first byte, then of silence. */
export function mediaDeadline({ media, sinceMs }: Playing, timeouts: ClientTimeouts): number {
  return media.lastMs === undefined ? sinceMs + timeouts.firstByteMs : media.lastMs + timeouts.idleMs;
}
