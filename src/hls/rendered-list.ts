/** A playlist as it is sent: rendered once, shared by all who ask, compressed at most once. */
import { createHash } from 'node:crypto';
import { gzip } from 'node:zlib';

/** A shorter list fits a packet or two as it is. */
const GZIP_BYTES_MIN = 2048;
/** Fast: a day of segments (6 MB) shrinks to a tenth at the lowest level already. */
const GZIP_LEVEL = 1;

export class RenderedList {
  readonly bytes: Uint8Array;
  /** Strong, from the text. */
  readonly etag: string;
  /** How long a cache may keep it, in seconds. */
  readonly maxAgeS: number;
  #compressed: Promise<Uint8Array> | undefined;

  constructor(text: string, maxAgeS: number) {
    this.bytes = new TextEncoder().encode(text);
    this.etag = `"${createHash('sha256').update(this.bytes).digest('base64url').slice(0, 22)}"`;
    this.maxAgeS = maxAgeS;
  }

  /** Gzip form, made in a thread when first asked for; undefined where it is not worth it. */
  compressed(): Promise<Uint8Array> | undefined {
    if (this.bytes.length < GZIP_BYTES_MIN) return undefined;
    this.#compressed ??= compress(this.bytes);
    return this.#compressed;
  }
}

function compress(bytes: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gzip(bytes, { level: GZIP_LEVEL }, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}
