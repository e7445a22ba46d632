/**
 * What the server and its decoder child say to each other over Node's IPC channel (serialization 'advanced': byte arrays stay
 * byte arrays). The child says `ready` or `missing` once, then answers each `still` with `picture` or `failed`, one at a time.
 */
import type { StillCodec } from './decoder.ts';

export interface StillRequest {
  readonly kind: 'still';
  readonly id: number;
  readonly codec: StillCodec;
  /** Parameter sets and the key frame in Annex B form (H.264 Annex B: 00 00 00 01 before each NAL unit). */
  readonly bytes: Uint8Array;
  /** From the parameter sets; the decoded frame's own wins where it states one. */
  readonly aspect: readonly [number, number];
  readonly width: number | undefined;
  readonly pixelsMax: number;
}

export type ChildMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'missing'; readonly message: string }
  | {
      readonly kind: 'picture';
      readonly id: number;
      readonly bytes: Uint8Array;
      readonly width: number;
      readonly height: number;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

/** Checks what came over the channel: a child that was taken over by hostile video may send anything. Undefined: not of this protocol. */
export function parseChildMessage(message: unknown): ChildMessage | undefined {
  if (typeof message !== 'object' || message === null || !('kind' in message)) return undefined;
  const fields = message as Readonly<Record<string, unknown>>;
  switch (fields['kind']) {
    case 'ready':
      return { kind: 'ready' };
    case 'missing':
      return { kind: 'missing', message: text(fields['message']) };
    case 'failed':
      return typeof fields['id'] === 'number'
        ? { kind: 'failed', id: fields['id'], message: text(fields['message']) }
        : undefined;
    case 'picture':
      return parsePicture(fields);
    default:
      return undefined;
  }
}

function parsePicture(fields: Readonly<Record<string, unknown>>): ChildMessage | undefined {
  const { id, bytes, width, height } = fields;
  if (
    typeof id !== 'number' ||
    !(bytes instanceof Uint8Array) ||
    typeof width !== 'number' ||
    typeof height !== 'number'
  )
    return undefined;
  return { kind: 'picture', id, bytes, width, height };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_MESSAGE_CHARACTERS) : '';
}

const MAX_MESSAGE_CHARACTERS = 200;

/** Joins NAL units into one Annex B byte stream. */
export function annexB(nals: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const nal of nals) size += 4 + nal.length;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const nal of nals) {
    bytes[at + 3] = 1;
    bytes.set(nal, at + 4);
    at += 4 + nal.length;
  }
  return bytes;
}
