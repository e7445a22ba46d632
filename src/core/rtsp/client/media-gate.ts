/**
 * Lets frames through to their tracks once PLAY is answered. What comes between PLAY and its answer is kept, a little (v4l2rtspserver);
 * not from servers that may still be sending a dead session's media, of which a foreign SSRC is not believed for a second either.
 */
import type { ClientFaults, ClientOutput, ClientTrack } from './client-io.ts';
import { ChannelMap } from './channel-map.ts';

/** About a key frame of 4K, as packets of a usual size; more is dropped. */
export const MAX_EARLY_FRAMES = 512;
const DISTRUST_MS = 1000;

type Gate =
  | { readonly kind: 'shut'; readonly early: { readonly channel: number; readonly packet: Uint8Array }[] }
  | { readonly kind: 'open'; readonly distrustUntilMs: number };

export class MediaGate {
  readonly #tracks: readonly ClientTrack[];
  readonly #staleMedia: boolean;
  readonly #faults: ClientFaults;
  readonly #map = new ChannelMap();
  #gate: Gate = { kind: 'shut', early: [] };
  #lastMs: number | undefined;

  /** Counts into `faults`. */
  constructor(tracks: readonly ClientTrack[], staleMedia: boolean, faults: ClientFaults) {
    this.#tracks = tracks;
    this.#staleMedia = staleMedia;
    this.#faults = faults;
    for (const [index, track] of tracks.entries())
      this.#map.add(index, track.format.payloadType, track.rtpChannel, track.rtcpChannel);
  }

  get channels(): ReadonlySet<number> {
    return this.#map.channels;
  }

  /** When the last RTP packet of a track came; undefined: none yet. */
  get lastMs(): number | undefined {
    return this.#lastMs;
  }

  /** PLAY is answered: what was kept comes out. */
  open(nowMs: number, outputs: ClientOutput[]): void {
    const early = this.#gate.kind === 'shut' ? this.#gate.early : [];
    this.#gate = { kind: 'open', distrustUntilMs: this.#staleMedia ? nowMs + DISTRUST_MS : nowMs };
    for (const { channel, packet } of early) this.frame(channel, packet, nowMs, outputs);
  }

  frame(channel: number, packet: Uint8Array, nowMs: number, outputs: ClientOutput[]): void {
    const gate = this.#gate;
    if (gate.kind === 'shut') {
      if (this.#staleMedia || gate.early.length === MAX_EARLY_FRAMES) this.#faults.earlyFrames += 1;
      else gate.early.push({ channel, packet: new Uint8Array(packet) });
      return;
    }
    const found = this.#map.find(channel, packet);
    if (found === 'unknown-channel') this.#faults.unknownChannelFrames += 1;
    else if (found === 'not-rtp') this.#faults.notRtpFrames += 1;
    else if (found.kind === 'rtcp') outputs.push({ kind: 'rtcp', track: found.track, packet });
    else if (nowMs < gate.distrustUntilMs && this.#isForeign(found.track, packet)) this.#faults.foreignSsrcFrames += 1;
    else {
      this.#lastMs = nowMs;
      outputs.push({ kind: 'rtp', track: found.track, packet });
    }
  }

  #isForeign(track: number, packet: Uint8Array): boolean {
    const expected = this.#tracks[track]?.ssrc;
    if (expected === undefined || packet.length < 12) return false;
    return new DataView(packet.buffer, packet.byteOffset).getUint32(8) !== expected;
  }
}
