/**
 * From a relay's batches to the samples of a film: depacketized, put on one line by the stream's clock, with durations, from the first key
 * frame on.
 *
 *     gathering ──clock anchored, a key frame of the leading track is there──▶ writing ──the limit, or the end──▶ over
 *
 * The line's 0 is the moment at which the first picture is shown; other tracks begin where the clock puts them, and nothing before it. From
 * there on each track follows its sender's own times.
 */
import type { AccessUnit } from '../../core/codec/access-unit.ts';
import type { Depacketizer } from '../../core/codec/codec.ts';
import { isMuxable, type MuxableParameters } from '../../core/codec/codec-parameters.ts';
import { samplePieces, sampleSize } from '../../core/codec/sample.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { WeirError } from '../../core/errors.ts';
import type { InitTrack } from '../../core/mp4/init-track.ts';
import type { Batch } from '../../stream/batch.ts';
import { payloadsOf } from '../../stream/batch-packets.ts';
import type { Relay } from '../../stream/relay.ts';
import type { LiveTrack } from '../../stream/relay-track.ts';
import { GatheredUnits, type GatheredUnit } from './gathered-units.ts';
import type { MovieSample } from './movie-writer.ts';

/** Where the samples go: the tracks once, then a fragment at a time. May throw what ends the pull. */
export interface MovieTarget {
  begin(tracks: readonly InitTrack[], leftOut: readonly TrackFormat[]): void;
  fragment(samples: readonly (readonly MovieSample[])[]): void;
}

/** Of media in one fragment: what a crash may cost. */
const FRAGMENT_S = 1;

/** After the limit, of the track that reached it first. */
const OTHERS_WAIT_MS = 1000;

interface FilmTrack {
  readonly live: LiveTrack;
  readonly init: InitTrack;
  /** Relay time of the line's 0; undefined until the track's first unit. */
  originTicks: number | undefined;
  /** Relay time at which it begins: of the leading track the first decode time. */
  beginTicks: number;
  /** It reached the limit. */
  done: boolean;
  /** Has no duration until the next one comes. */
  pending: AccessUnit | undefined;
  lastDurationTicks: number;
  open: MovieSample[];
}

const NOTHING_YET = { originTicks: undefined, beginTicks: 0, done: false, pending: undefined, lastDurationTicks: 0 };

type State =
  | { readonly kind: 'gathering'; readonly waiting: GatheredUnits }
  | {
      readonly kind: 'writing';
      readonly tracks: readonly FilmTrack[];
      readonly leader: FilmTrack;
      readonly originUtcMs: number;
    }
  | { readonly kind: 'over' };

export class MovieFeed {
  readonly #relay: Relay;
  readonly #target: MovieTarget;
  readonly #limitMs: number;
  readonly #depacketizers = new Map<LiveTrack, Depacketizer>();
  #state: State = { kind: 'gathering', waiting: new GatheredUnits() };
  #damaged = 0;
  #frames = 0;
  #endS = 0;

  /** `limitMs`: so much media of the leading track, and no more; Infinity for all. */
  constructor(relay: Relay, target: MovieTarget, limitMs: number) {
    this.#relay = relay;
    this.#target = target;
    this.#limitMs = limitMs;
  }

  /** The limit is reached. */
  get over(): boolean {
    return this.#state.kind === 'over';
  }

  /** Frames given out, those of them that loss damaged, and how long the film is. */
  get written(): { readonly frames: number; readonly damaged: number; readonly seconds: number } {
    return { frames: this.#frames, damaged: this.#damaged, seconds: this.#endS };
  }

  /** Throws what the target throws. */
  batch(batch: Batch, track: LiveTrack): void {
    if (this.#state.kind === 'over') return;
    const depacketizer = this.#depacketizerOf(track);
    if (depacketizer === undefined) return;
    for (const payload of payloadsOf(batch))
      for (const unit of depacketizer.push(payload)) this.#unit({ live: track, unit });
  }

  /** No more comes: all that waits is given out. Throws `source-no-media` if there was nothing to begin with, and what the target throws. */
  end(): void {
    for (const [track, depacketizer] of this.#depacketizers)
      for (const unit of depacketizer.flush()) this.#unit({ live: track, unit });
    if (this.#relay.tracks.length === 0) throw new WeirError('source-no-media', 'It ended before it told of a track');
    if (this.#state.kind === 'gathering') this.#begin(true);
    if (this.#state.kind === 'gathering') throw new WeirError('source-no-media', 'No key frame came: there is no film');
    if (this.#state.kind === 'writing') this.#finish(this.#state.tracks);
  }

  #depacketizerOf(track: LiveTrack): Depacketizer | undefined {
    const known = this.#depacketizers.get(track);
    if (known !== undefined || track.codec === undefined) return known;
    const depacketizer = track.codec.depacketizer(track.format);
    this.#depacketizers.set(track, depacketizer);
    return depacketizer;
  }

  #unit(unit: GatheredUnit): void {
    switch (this.#state.kind) {
      case 'gathering':
        this.#state.waiting.push(unit);
        this.#begin(false);
        return;
      case 'writing':
        this.#place(unit);
        return;
      case 'over':
        return;
      default:
        this.#state satisfies never;
    }
  }

  /** `now`: with the clock as it stands, since no more will come. */
  #begin(now: boolean): void {
    if (this.#state.kind !== 'gathering' || (!this.#relay.anchored && !now)) return;
    const { waiting } = this.#state;
    const leading = this.#leading();
    const first = waiting.all.find(({ live, unit }) => live === leading && unit.key && isMuxable(unit.parameters));
    const originUtcMs = first && this.#relay.times.track(leading.index)?.utcMs(first.unit.ptsTicks);
    if (first === undefined || originUtcMs === undefined) return;
    const tracks = this.#filmTracks(leading, first.unit);
    const leader = tracks.find(({ live }) => live === leading);
    if (leader === undefined) return;
    leader.originTicks = first.unit.ptsTicks;
    leader.beginTicks = first.unit.dtsTicks;
    const inits = tracks.map(({ init }) => init);
    const leftOut = this.#relay.tracks.filter((track) => !tracks.some(({ live }) => live === track));
    this.#target.begin(
      inits,
      leftOut.map(({ format }) => format),
    );
    this.#state = { kind: 'writing', tracks, leader, originUtcMs };
    for (const unit of waiting.all) this.#place(unit);
  }

  /** The first picture that MP4 holds, or else the first sound. Throws `codec-unsupported` where there is neither. */
  #leading(): LiveTrack {
    const held = this.#relay.tracks.filter((track) => this.#mayHold(track));
    const leading = held.find(({ format }) => format.media === 'video') ?? held[0];
    if (leading !== undefined) return leading;
    const names = this.#relay.tracks.map(({ format }) => format.encoding).join(', ');
    throw new WeirError('codec-unsupported', `MP4 holds none of the tracks (${names})`, {
      expected: 'H.264, H.265, AV1, VP9, MPEG-4, AAC, Opus, MP3 or AC-3',
    });
  }

  /** Unknown is no reason yet: parameter sets may come in-band. */
  #mayHold(track: LiveTrack): boolean {
    const parameters = this.#parametersOf(track);
    return track.codec !== undefined && (parameters === undefined || isMuxable(parameters));
  }

  #parametersOf(track: LiveTrack): TrackFormat['parameters'] {
    return this.#depacketizers.get(track)?.parameters ?? track.format.parameters;
  }

  #filmTracks(leading: LiveTrack, first: AccessUnit): readonly FilmTrack[] {
    const films: FilmTrack[] = [];
    for (const live of this.#relay.tracks) {
      const parameters = live === leading ? first.parameters : this.#parametersOf(live);
      if (live.codec === undefined || parameters === undefined || !isMuxable(parameters)) continue;
      const init = { trackId: films.length + 1, timescale: live.format.clockRate, parameters };
      films.push({ live, init, ...NOTHING_YET, open: [] });
    }
    return films;
  }

  #place({ live, unit }: GatheredUnit): void {
    if (this.#state.kind !== 'writing') return;
    const { tracks, leader, originUtcMs } = this.#state;
    const film = tracks.find((track) => track.live === live);
    if (film === undefined || !isMuxable(unit.parameters)) return;
    if (film.originTicks === undefined) {
      film.originTicks = this.#relay.times.ticksAt(live.index, originUtcMs);
      if (film.originTicks === undefined) return;
      film.beginTicks = film.originTicks;
    }
    const sinceTicks = unit.dtsTicks - film.beginTicks;
    if (sinceTicks < 0 || (film.open.length === 0 && film.pending === undefined && !unit.key)) return;
    const sinceMs = (sinceTicks * 1000) / film.init.timescale;
    if (!film.done) this.#next(film, unit);
    if (sinceMs < this.#limitMs) {
      if (film === leader) this.#cut(film, unit, tracks);
      return;
    }
    // The first unit that is too much told how long the one before is.
    film.pending = undefined;
    film.done = true;
    // Sound arrives later than the picture that it belongs to; where it has stopped, it is not waited for.
    if (tracks.every(({ done }) => done) || sinceMs >= this.#limitMs + OTHERS_WAIT_MS) this.#finish(tracks);
  }

  #cut(leader: FilmTrack, unit: AccessUnit, tracks: readonly FilmTrack[]): void {
    const begun = leader.open[0];
    if (begun === undefined || leader.originTicks === undefined) return;
    const openTicks = unit.dtsTicks - leader.originTicks - begun.dtsTicks;
    if (openTicks >= FRAGMENT_S * leader.init.timescale) this.#write(tracks);
  }

  /** The unit before it has its duration now. */
  #next(film: FilmTrack, unit: AccessUnit): void {
    const before = film.pending;
    if (before !== undefined) {
      const durationTicks = unit.dtsTicks - before.dtsTicks;
      if (durationTicks <= 0) return;
      this.#give(film, before, durationTicks);
    }
    film.pending = unit;
  }

  #give(film: FilmTrack, unit: AccessUnit, durationTicks: number): void {
    const { parameters } = unit;
    if (!isMuxable(parameters) || film.originTicks === undefined) return;
    film.lastDurationTicks = durationTicks;
    film.open.push(sampleOf(unit, parameters, film.originTicks, durationTicks));
    this.#frames += 1;
    if (unit.damaged) this.#damaged += 1;
    const endTicks = unit.dtsTicks - film.beginTicks + durationTicks;
    this.#endS = Math.max(this.#endS, endTicks / film.init.timescale);
  }

  #finish(tracks: readonly FilmTrack[]): void {
    for (const film of tracks) {
      if (film.pending !== undefined) this.#give(film, film.pending, film.lastDurationTicks || usualTicks(film));
      film.pending = undefined;
    }
    this.#write(tracks);
    this.#state = { kind: 'over' };
  }

  #write(tracks: readonly FilmTrack[]): void {
    const samples = tracks.map(({ open }) => open);
    for (const film of tracks) film.open = [];
    if (samples.some((open) => open.length > 0)) this.#target.fragment(samples);
  }
}

function sampleOf(
  unit: AccessUnit,
  parameters: MuxableParameters,
  originTicks: number,
  durationTicks: number,
): MovieSample {
  return {
    dtsTicks: unit.dtsTicks - originTicks,
    durationTicks,
    compositionOffsetTicks: unit.ptsTicks - unit.dtsTicks,
    key: unit.key,
    damaged: unit.damaged,
    pieces: samplePieces(unit),
    size: sampleSize(unit),
    parameters,
  };
}

/** Of a film of one frame: what its set-up says, or a 25th of a second. */
function usualTicks({ init: { parameters, timescale } }: FilmTrack): number {
  const { shape } = parameters;
  const seconds =
    shape.media === 'audio' ? shape.samplesPerFrame / shape.sampleRate : 1 / (shape.frameRate ?? FALLBACK_RATE);
  return Math.max(1, Math.round(seconds * timescale));
}

const FALLBACK_RATE = 25;
