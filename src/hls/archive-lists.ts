/**
 * Lists of what is recorded: the segments' own URLs, the same ones that were live.
 *
 *     archive-{from}-{duration}.m3u8         multivariant, names
 *     archive-{from}-{duration}-media.m3u8   VOD: from the key frame at or before `from` on; EXT-X-START says where exactly
 *
 * A list is always finished (VOD, ENDLIST), also when its range reaches beyond now: it then holds what is recorded at the
 * moment, and who asks again after its ten seconds of age gets more. Players seek freely in a finished list, while an unfinished one
 * makes them start at its end and never shrink (retention does shrink it): to follow a recording is what `-now` lists are for.
 */
import { WeirError } from '../core/errors.ts';
import { parametersFromSampleEntry } from '../core/codec/registry.ts';
import type { CodecParameters } from '../core/codec/codec-parameters.ts';
import { renderMediaPlaylist, targetDuration } from '../core/hls/media-playlist.ts';
import { renderMultivariant } from '../core/hls/multivariant-playlist.ts';
import { findMoof, parseMoof } from '../core/mp4/read/fragment.ts';
import { parseInit } from '../core/mp4/read/init.ts';
import { viewName } from '../core/url/view.ts';
import type { Archive, NearestTimes } from '../stream/archive.ts';
import type { SegmentEntry } from '../stream/fragment.ts';
import { NotRecordedError } from '../stream/not-recorded.ts';
import { playlistSegment } from './list-window.ts';
import { RenderedList } from './rendered-list.ts';
import { measuredFrameRate, variantFacts } from './variant-facts.ts';

export interface ArchiveRange {
  readonly fromUtcMs: number;
  readonly durationMs: number;
}

/** A day of segments of two seconds, and some: 7 MB of text. */
export const ARCHIVE_SEGMENTS_MAX = 50_000;
/** How far before `from` a key frame is looked for, where a long GOP was cut by time. */
const LOOKBACK_MS = 30_000;
const LOOKBACK_SEGMENTS_MAX = 64;
/**
 * Segments begin and end within milliseconds, the times in URLs are whole ones: a segment that touches a range by less than this
 * is not meant.
 */
const ROUNDING_MS = 1;
/** A change of set-up is rare; a list of more than these names the newest of them. */
const INITS_MAX = 16;
/** Of a segment: holds the head of its first fragment, half a second with a table of a hundred samples. */
const FRAGMENT_HEAD_BYTES = 8 * 1024;
/** Seconds; retention and back-fill change what is recorded. */
const MAX_AGE_S = 10;

/** Throws `not-recorded` with the nearest times if nothing at all of the range is recorded, `request-too-large`. */
export async function archiveMediaList(archive: Archive, stream: string, range: ArchiveRange): Promise<RenderedList> {
  const segments = await recordedSegments(archive, stream, range);
  const offsetMs = range.fromUtcMs - (segments[0]?.startUtcMs ?? 0);
  const text = renderMediaPlaylist({
    targetDurationS: targetDuration(segments),
    mediaSequence: 0,
    discontinuitySequence: 0,
    type: 'VOD',
    ended: true,
    ...(offsetMs > ROUNDING_MS && { startOffsetS: offsetMs / 1000 }),
    segments: segments.map((segment, i) => {
      const entry = { ...segment, discontinuity: isBreak(segments[i - 1], segment) };
      return playlistSegment(entry, i === 0);
    }),
  });
  return new RenderedList(text, MAX_AGE_S);
}

/** Throws as `archiveMediaList`. */
export async function archiveMultivariant(
  archive: Archive,
  stream: string,
  range: ArchiveRange,
): Promise<RenderedList> {
  const segments = await recordedSegments(archive, stream, range);
  const hashes = [...new Set(segments.toReversed().map(({ initHash }) => initHash))].slice(0, INITS_MAX);
  const inits = await Promise.all(hashes.map((hash) => archive.init(stream, hash)));
  const setups = inits.flatMap((init) => (init === undefined ? [] : setupsOf(init)));
  const facts = variantFacts(setups, segments, await frameRate(archive, stream, segments.at(-1)));
  return new RenderedList(
    renderMultivariant([
      {
        uri: viewName({ kind: 'archive-media-list', fromUtcMs: range.fromUtcMs, durationMs: range.durationMs }),
        ...facts,
      },
    ]),
    MAX_AGE_S,
  );
}

async function recordedSegments(
  archive: Archive,
  stream: string,
  range: ArchiveRange,
): Promise<readonly SegmentEntry[]> {
  const { fromUtcMs, durationMs } = range;
  const from = fromUtcMs + ROUNDING_MS;
  const to = Math.max(from + ROUNDING_MS, fromUtcMs + durationMs - ROUNDING_MS);
  const segments = await archive.segments(stream, from, to, ARCHIVE_SEGMENTS_MAX + 1);
  const [first] = segments;
  if (first === undefined)
    throw new NotRecordedError(notRecorded(stream, range), await nearestTimes(archive, stream, fromUtcMs));
  if (segments.length > ARCHIVE_SEGMENTS_MAX) {
    throw new WeirError('request-too-large', `The range holds more than ${ARCHIVE_SEGMENTS_MAX} segments`, {
      expected: 'a shorter duration',
    });
  }
  return first.independent ? segments : [...(await leadIn(archive, stream, first)), ...segments];
}

/** What must be decoded before `first` can be: back to the segment that starts with a key frame, if nothing breaks in between. */
async function leadIn(archive: Archive, stream: string, first: SegmentEntry): Promise<readonly SegmentEntry[]> {
  const { startUtcMs } = first;
  const before = await archive.segments(stream, startUtcMs - LOOKBACK_MS, startUtcMs, LOOKBACK_SEGMENTS_MAX);
  const lead: SegmentEntry[] = [];
  let next = first;
  for (const segment of before.toReversed()) {
    if (segment.number >= first.number) continue;
    if (isBreak(segment, next)) return [];
    lead.unshift(segment);
    if (segment.independent) return lead;
    next = segment;
  }
  return [];
}

/** Whether a player must begin anew at `segment`: time jumps, a segment is missing, or the decoder's set-up changes. */
function isBreak(before: SegmentEntry | undefined, segment: SegmentEntry): boolean {
  if (before === undefined || segment.discontinuity) return true;
  return segment.number !== before.number + 1 || segment.initHash !== before.initHash;
}

async function nearestTimes(archive: Archive, stream: string, utcMs: number): Promise<NearestTimes> {
  const found = await archive.keyFrame(stream, utcMs);
  return found.kind === 'nearest' ? found : { kind: 'nearest', beforeUtcMs: undefined, afterUtcMs: undefined };
}

function notRecorded(stream: string, { fromUtcMs, durationMs }: ArchiveRange): string {
  return `Nothing of ${stream} is recorded in the ${durationMs / 1000} s from ${new Date(fromUtcMs).toISOString()} on`;
}

function setupsOf(init: Uint8Array): readonly CodecParameters[] {
  return parseInit(init).tracks.flatMap(({ sampleEntries: [entry] }) => {
    return (entry === undefined ? undefined : parametersFromSampleEntry(entry)) ?? [];
  });
}

/** Measured in the first fragment of one segment, of which no more than the head is read. */
async function frameRate(
  archive: Archive,
  stream: string,
  entry: SegmentEntry | undefined,
): Promise<number | undefined> {
  if (entry === undefined) return undefined;
  const [init, segment] = await Promise.all([
    archive.init(stream, entry.initHash),
    archive.segment(stream, entry.number),
  ]);
  const [bytes] = (await segment?.read(0, Math.min(segment.bytes, FRAGMENT_HEAD_BYTES))) ?? [];
  const moof = bytes === undefined ? undefined : findMoof(bytes, 0);
  if (init === undefined || moof === undefined) return undefined;
  const track = parseInit(init).tracks.find(({ media }) => media === 'video');
  const samples = parseMoof(moof, 0).tracks.find(({ trackId }) => trackId === track?.trackId)?.samples;
  if (track === undefined || samples === undefined) return undefined;
  const durationTicks = samples.reduce((sum, sample) => sum + sample.durationTicks, 0);
  return measuredFrameRate([{ samples: samples.length, durationTicks, timescale: track.timescale }]);
}
