/** The session descriptions that readers get, versioned: the number grows when a stream's tracks change (RFC 8866 §5.2). */
import { serialiseSdp } from '../../core/sdp/serialise-sdp.ts';
import type { RelayTrack, Stream } from '../../stream/stream.ts';

export class Descriptions {
  readonly #id: number;
  readonly #address: string;
  readonly #made = new WeakMap<Stream, { readonly text: string; readonly version: number }>();

  /** `id`: the same for all of one run; `address`: of the server. */
  constructor(id: number, address: string) {
    this.#id = id;
    this.#address = address;
  }

  of(stream: Stream, tracks: readonly RelayTrack[]): Uint8Array {
    const former = this.#made.get(stream);
    const text = former === undefined ? undefined : this.#serialise(stream, tracks, former.version);
    if (former !== undefined && text === former.text) return new TextEncoder().encode(text);
    const version = (former?.version ?? 0) + 1;
    const made = { text: this.#serialise(stream, tracks, version), version };
    this.#made.set(stream, made);
    return new TextEncoder().encode(made.text);
  }

  #serialise(stream: Stream, tracks: readonly RelayTrack[], version: number): string {
    return serialiseSdp({
      id: this.#id,
      version,
      name: stream.name,
      address: this.#address,
      range: { kind: 'npt', fromS: 'now', toS: undefined },
      tracks: tracks.map(({ format, index }) => ({ format, control: `trackID=${index}` })),
    });
  }
}
