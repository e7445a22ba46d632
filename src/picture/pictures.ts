/**
 * Stills: of what is live, from the newest key frame in memory; of what is recorded, from the key frame at or before a moment.
 * Every one says when it was taken. One that is too old to be called live, or of a source that is away, is an error with its
 * age, never a picture: an old picture shown as live is the worst failure for a guard.
 *
 *     liveFrame(stream) ┐
 *                       ├─▶ PictureFrame ──make()──▶ StillCache ──miss──▶ Decoder (jpg) or core/mp4 (mp4, nothing decoded)
 *     frameAt(…, utc)  ─┘
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { wholeData } from '../core/codec/access-unit.ts';
import type { AccessUnit } from '../core/codec/access-unit.ts';
import { isMuxable } from '../core/codec/codec-parameters.ts';
import { samplePieces, sampleSize, unitFromSample } from '../core/codec/sample.ts';
import { WeirError } from '../core/errors.ts';
import { writeSinglePicture } from '../core/mp4/write/single-picture.ts';
import type { StillFormat } from '../core/url/view.ts';
import type { Archive } from '../stream/archive.ts';
import { NotRecordedError } from '../stream/not-recorded.ts';
import type { Stream } from '../stream/stream.ts';
import type { Decoder, Picture } from './decoder/decoder.ts';
import { liveKeyFrame } from './live-key-frame.ts';
import { listedWidth } from './picture-size.ts';
import { StillCache } from './still-cache.ts';

export interface PicturesOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly decoder: Decoder;
  readonly archive: Archive;
}

/** A key frame that a picture can be made of. */
export interface PictureFrame {
  readonly stream: string;
  /** When it was taken. */
  readonly utcMs: number;
  /** The same for the same picture. */
  readonly id: string;
  readonly unit: AccessUnit;
}

export interface StillRequest {
  readonly format: StillFormat;
  /** Pixels; rounded up to a listed width (picture-size.ts), never beyond the frame's own. Undefined: the frame's own. */
  readonly width: number | undefined;
}

export class Pictures {
  readonly #options: PicturesOptions;
  readonly #cache: StillCache;

  constructor(options: PicturesOptions) {
    this.#options = options;
    this.#cache = new StillCache(options);
  }

  /**
   * The newest key frame, if it may be called live. A source that is opened on demand is waited for, for some seconds. Throws
   * `stream-offline`, `picture-stale` (both with the age, if there is a frame: OldPictureError), `no-picture`, `codec-unsupported`.
   */
  async liveFrame(stream: Stream, signal: AbortSignal): Promise<PictureFrame> {
    const { unit, utcMs, id } = await liveKeyFrame(stream, this.#options.clock, signal);
    return { stream: stream.name, utcMs, id: `live-${id}`, unit };
  }

  /** The recorded key frame at or before the millisecond `utcMs`, within the same span. Throws `not-recorded` with the nearest times. */
  async frameAt(stream: string, utcMs: number): Promise<PictureFrame> {
    const found = await this.#options.archive.keyFrame(stream, utcMs + WITHIN_MS);
    if (found.kind === 'nearest') {
      throw new NotRecordedError(`Nothing of ${stream} is recorded at ${new Date(utcMs).toISOString()}`, found);
    }
    const unit = unitFromSample(found.sample, found.parameters, { ptsTicks: 0, dtsTicks: 0 });
    if (unit === undefined) {
      const place = new Date(found.utcMs).toISOString();
      throw new WeirError('codec-data-invalid', `A recorded key frame of ${stream} cannot be read`, { place });
    }
    return { stream, utcMs: found.utcMs, id: `recorded-${found.initHash}`, unit };
  }

  /** A strong entity tag of what `make` returns: the same frame in the same size and format is the same picture. */
  etag(frame: PictureFrame, request: StillRequest): string {
    return `"${createHash('sha256').update(keyOf(frame, request)).digest('base64url').slice(0, 22)}"`;
  }

  /** Makes the picture, or takes it from the cache. Throws as `Decoder.still`. */
  make(frame: PictureFrame, request: StillRequest, signal: AbortSignal): Promise<Picture> {
    return this.#cache.get(keyOf(frame, request), signal, async (flight) => {
      if (request.format === 'mp4') return wrap(frame);
      const { unit, stream, utcMs } = frame;
      const job = {
        parameters: unit.parameters,
        nals: wholeData(unit),
        width: listedWidth(request.width),
        format: request.format,
      };
      try {
        return await this.#options.decoder.still(job, flight);
      } catch (error) {
        if (error instanceof WeirError) {
          this.#options.log.warn(
            { stream, code: error.code, error: error.message, utcMs },
            'no still of this key frame',
          );
        }
        throw error;
      }
    });
  }

  /** Ends the decoder. */
  close(): Promise<void> {
    return this.#options.decoder.close();
  }
}

/**
 * Frames are timed more finely than clients write times: a whole millisecond means all of it, so that the time which a still or a
 * list states leads back to the same frame.
 */
const WITHIN_MS = 0.999;

function keyOf(frame: PictureFrame, request: StillRequest): string {
  const size = request.format === 'mp4' ? '' : String(listedWidth(request.width) ?? 'own');
  return [frame.stream, frame.id, frame.utcMs, request.format, size].join('\n');
}

/** The frame itself as a film of one picture: nothing is decoded. */
function wrap({ unit }: PictureFrame): Picture {
  const { parameters } = unit;
  if (parameters.shape.media !== 'video' || !isMuxable(parameters))
    throw new WeirError('codec-unsupported', `No film is made of ${parameters.codec}`);
  const bytes = writeSinglePicture({ parameters, pieces: samplePieces(unit), size: sampleSize(unit) });
  return { bytes, width: parameters.shape.width, height: parameters.shape.height };
}
