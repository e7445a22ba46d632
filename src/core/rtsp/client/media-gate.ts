/**
 * Lets frames through to their tracks once PLAY is answered. What comes between PLAY and its answer is kept, a little (v4l2rtspserver);
 * not from servers that may still be sending a dead session's media, of which a foreign SSRC is not believed for a second either.
 */
import type { ClientFaults, ClientOutput, ClientTrack } from './client-io.ts';
import { ChannelMap } from './channel-map.ts';

/** About a key frame of 4K, as packets of a usual size; more is dropped. */
export const MAX_EARLY_FRAMES = 512;
const DISTRUST_MS = 1000;

/** Where it came: a channel, or the ports of a track (numbered as planned). */
type Place = number | { readonly track: number; readonly part: 'rtp' | 'rtcp' };

type Gate =
  | { readonly kind: 'shut'; readonly early: { readonly place: Place; readonly packet: Uint8Array }[] }
  | { readonly kind: 'open'; readonly distrustUntilMs: number };

export class MediaGate {
  readonly #tracks: readonly ClientTrack[];
  readonly #staleMedia: boolean;
  readonly #faults: ClientFaults;
  readonly #map = new ChannelMap();
  /** Indices of tracks that come in datagrams, by their planned number. */
  readonly #byPorts: (number | undefined)[] = [];
  #gate: Gate = { kind: 'shut', early: [] };
  #lastMs: number | undefined;

  /** Counts into `faults`. */
  constructor(tracks: readonly ClientTrack[], staleMedia: boolean, faults: ClientFaults) {
    this.#tracks = tracks;
    this.#staleMedia = staleMedia;
    this.#faults = faults;
    for (const [index, { format, delivery }] of tracks.entries()) {
      if (delivery.kind === 'interleaved')
        this.#map.add(index, format.payloadType, delivery.rtpChannel, delivery.rtcpChannel);
      else this.#byPorts[delivery.track] = index;
    }
  }

  get channels(): ReadonlySet<number> {
    return this.#map.channels;
  }

  /** When the last RTP packet of picture or sound came; undefined: none yet. */
  get lastMs(): number | undefined {
    return this.#lastMs;
  }

  /** PLAY is answered: what was kept comes out. */
  open(nowMs: number, outputs: ClientOutput[]): void {
    const early = this.#gate.kind === 'shut' ? this.#gate.early : [];
    this.#gate = { kind: 'open', distrustUntilMs: this.#staleMedia ? nowMs + DISTRUST_MS : nowMs };
    for (const { place, packet } of early) this.packet(place, packet, nowMs, outputs);
  }

  packet(place: Place, packet: Uint8Array, nowMs: number, outputs: ClientOutput[]): void {
    const gate = this.#gate;
    if (gate.kind === 'shut') {
      const stale = this.#staleMedia && typeof place === 'number';
      if (stale || gate.early.length === MAX_EARLY_FRAMES) this.#faults.earlyFrames += 1;
      else gate.early.push({ place, packet: new Uint8Array(packet) });
      return;
    }
    const found = typeof place === 'number' ? this.#map.find(place, packet) : this.#ofPorts(place, packet);
    if (found === 'unknown-channel') this.#faults.unknownChannelFrames += 1;
    else if (found === 'not-rtp') this.#faults.notRtpFrames += 1;
    else if (found.kind === 'rtcp') outputs.push({ kind: 'rtcp', track: found.track, packet });
    else if (nowMs < gate.distrustUntilMs && this.#isForeign(found.track, packet)) this.#faults.foreignSsrcFrames += 1;
    else if (this.#isMedia(found.track)) {
      this.#lastMs = nowMs;
      outputs.push({ kind: 'rtp', track: found.track, packet });
    } else if (this.#lastMs !== undefined) outputs.push({ kind: 'rtp', track: found.track, packet });
  }

  #ofPorts({ track, part }: Exclude<Place, number>, packet: Uint8Array): ReturnType<ChannelMap['find']> {
    const index = this.#byPorts[track];
    if (index === undefined) return 'unknown-channel';
    return packet.length < 2 || (packet[0] ?? 0) >> 6 !== 2 ? 'not-rtp' : { track: index, kind: part };
  }

  /** Metadata (ONVIF) comes rarely, and alone it is no life: it waits for picture or sound. */
  #isMedia(track: number): boolean {
    return this.#tracks[track]?.format.media !== 'application';
  }

  #isForeign(track: number, packet: Uint8Array): boolean {
    const expected = this.#tracks[track]?.ssrc;
    if (expected === undefined || packet.length < 12) return false;
    return new DataView(packet.buffer, packet.byteOffset).getUint32(8) !== expected;
  }
}
