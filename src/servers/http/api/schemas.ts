/** The shapes of the API. /api/v1/openapi.json derives from them: an `id` makes a component. */
import { z } from 'zod';
import { SOURCE_TRANSPORTS } from '../../../config/settings.ts';
import { GAP_REASONS } from '../../../stream/archive.ts';
import { MEDIA_TRANSPORTS } from '../../../stream/source.ts';

const time = () =>
  z.iso
    .datetime({ precision: 3 })
    .meta({ description: 'UTC, ISO 8601 with milliseconds', example: '2026-01-01T10:00:00.000Z' });
const count = () => z.number().int().min(0);

export const ErrorReport = z
  .object({
    code: z.string().meta({ description: 'A row of docs/errors.md', example: 'source-unreachable' }),
    message: z.string().meta({ description: 'What happened, and where' }),
    remedy: z.string().meta({ description: 'What to do about it' }),
    retry: z.boolean().meta({ description: 'Whether it may go away by itself' }),
  })
  .meta({ id: 'Error' });

export const TrackReport = z
  .object({
    index: count(),
    media: z.enum(['video', 'audio', 'application']),
    encoding: z.string().meta({ description: 'As in SDP', example: 'H264' }),
    clockRate: z.number().int().meta({ description: 'Of RTP, in hertz' }),
    codecString: z.string().nullable().meta({
      description: 'RFC 6381; null until it is known, or for a codec that is only relayed',
      example: 'avc1.64001f',
    }),
    timeline: z
      .boolean()
      .meta({ description: 'HLS and recordings can hold it; otherwise it is relayed to RTSP readers alone' }),
    width: count().nullable().meta({ description: 'Video, in pixels' }),
    height: count().nullable(),
    frameRate: z.number().nullable().meta({ description: 'Video, if the source says so' }),
    framesPerSecond: z
      .number()
      .nullable()
      .meta({ description: 'Video, measured as it comes; null while that is too early to say' }),
    sampleRate: count().nullable().meta({ description: 'Audio, in hertz' }),
    channels: count().nullable().meta({ description: 'Audio' }),
    bytes: count().meta({ description: 'Received' }),
    packets: count().meta({ description: 'Received' }),
    frames: count().meta({ description: 'Received' }),
    lost: count().meta({ description: 'Packets that never came' }),
    faults: z.record(z.string(), count()).meta({ description: 'Faults of the source that were tolerated, by name' }),
  })
  .meta({ id: 'Track' });

const SourceReport = z
  .object({
    kind: z.string().meta({ example: 'rtsp' }),
    label: z.string().meta({ description: "The URL without secrets, or the publisher's address" }),
    attempts: count(),
    nextAttempt: time().nullable(),
    faults: z.record(z.string(), count()).meta({ description: 'Faults of its protocol that were tolerated, by name' }),
    transport: z
      .enum(MEDIA_TRANSPORTS)
      .optional()
      .meta({ description: 'How its media comes; absent where it was not asked for yet, or is not pulled' }),
    skipped: z
      .array(z.object({ media: z.string().meta({ example: 'audio' }), reason: z.string() }))
      .meta({ description: 'What it offers and is not taken, with the reason' }),
  })
  .meta({ id: 'SourceStatus' });

const SourceMemberReport = z
  .object({
    kind: z.string().meta({ example: 'rtsp' }),
    label: z.string(),
    inUse: z.boolean().meta({ description: "Its media is the stream's, or it is asked for it next" }),
    attempts: count(),
    error: ErrorReport.nullable().meta({ description: 'Why its last attempt failed, until its media comes again' }),
  })
  .meta({ id: 'SourceMemberStatus' });

export const StatusReport = z
  .object({
    state: z.enum(['idle', 'connecting', 'live', 'down']),
    since: time(),
    error: ErrorReport.nullable().meta({ description: 'Why the stream is not live' }),
    warnings: z
      .array(ErrorReport)
      .meta({ description: 'What is not as it should be while it is live: key frames that are far apart' }),
    source: SourceReport.meta({ description: 'The source in use, or asked next; the numbers are of all' }),
    sources: z
      .array(SourceMemberReport)
      .optional()
      .meta({ description: 'Of a stream with several sources: all, in order of preference' }),
    tracks: z.array(TrackReport),
    received: z.object({ bytes: count(), packets: count(), lost: count() }).meta({ description: 'Of all tracks' }),
    readers: z.object({ rtsp: count(), hls: count() }),
    gopSeconds: z.number().nullable().meta({ description: 'Measured distance of key frames' }),
    lastKeyFrame: time().nullable(),
    memoryBytes: count(),
    recording: z.object({ active: z.boolean(), recordedUpTo: time().nullable(), error: ErrorReport.nullable() }),
  })
  .meta({ id: 'StreamStatus' });

const KeepReport = z.object({
  age: z.string().optional().meta({ example: '7d' }),
  size: z.string().optional().meta({ example: '500GB' }),
});

const TimeoutsReport = z.object({ connect: z.string(), firstByte: z.string(), idle: z.string() });

export const StreamReport = z
  .object({
    name: z.string().meta({ example: 'lobby/low' }),
    source: z
      .string()
      .meta({ description: 'As in weir.yml, without user name and password', example: 'rtsp://***@192.0.2.10/main' }),
    sources: z
      .array(z.string())
      .optional()
      .meta({ description: 'Several in order of preference; `source` is the first of them' }),
    transport: z.enum(SOURCE_TRANSPORTS).optional(),
    fingerprint: z.string().optional(),
    timeouts: TimeoutsReport.optional(),
    takeover: z.boolean().optional(),
    record: z.boolean(),
    onDemand: z.boolean(),
    onDemandIdle: z.string().optional().meta({ description: 'Of streams that are on demand', example: '10s' }),
    storage: z.string(),
    keep: KeepReport,
    declaredAt: z
      .string()
      .nullable()
      .meta({ description: 'file:line of the stream or of the pattern it was made from; null if built in' }),
    status: StatusReport,
  })
  .meta({ id: 'Stream', description: 'A stream: the keys of weir.yml, and its status' });

export const StreamListReport = z.object({ streams: z.array(StreamReport) }).meta({ id: 'StreamList' });

export const RecordingsReport = z
  .object({
    stream: z.string(),
    from: time(),
    to: time().meta({ description: 'Less than what was asked for if there was too much to list: ask again from here' }),
    spans: z
      .array(z.object({ id: z.number(), from: time(), to: time() }))
      .meta({ description: 'Unbroken recordings, in order' }),
    gaps: z.array(
      z.object({
        from: time(),
        to: time().nullable().meta({ description: 'null while it lasts' }),
        reason: z.enum(GAP_REASONS),
      }),
    ),
  })
  .meta({ id: 'Recordings' });

export const SessionReport = z
  .object({
    id: z.string().meta({ description: 'For the API alone: not the id that the peer knows', example: '5f0c9a1b22e7' }),
    kind: z.enum(['reader', 'publisher']),
    transport: z
      .enum(['tcp', 'udp', 'multicast', 'tls', 'tunnel', 'websocket'])
      .meta({ description: 'How its media goes: in datagrams, or inside a connection of that kind' }),
    stream: z.string(),
    user: z.string().nullable().meta({ description: 'null where nobody has to say who he is' }),
    peer: z.string().meta({ description: 'Address and port of its connection', example: '192.0.2.7:51122' }),
    state: z.enum(['ready', 'playing', 'recording']).meta({ description: 'ready: set up, or paused' }),
    since: time().meta({ description: 'When its connection came' }),
    tracks: z.array(count()).meta({ description: 'Those that are set up, by index' }),
    bytes: count().meta({
      description: 'Of media, sent to a reader or taken from a publisher; 0 for readers of a group',
    }),
    dropped: z
      .object({ frames: count(), bytes: count() })
      .meta({ description: 'Kept from a reader that does not keep up' }),
    reported: z
      .object({
        loss: z.number().meta({ description: '0 to 1, since its report before' }),
        lost: z.number().int().meta({ description: 'Packets, in all; below 0 where some came twice' }),
        jitterSeconds: z.number(),
        roundTripSeconds: z.number().nullable().meta({ description: 'To it and back' }),
      })
      .nullable()
      .meta({
        description: 'What a reader itself reports (RTCP): the worst of its tracks. null before its first report',
      }),
  })
  .meta({ id: 'Session' });

export const SessionListReport = z.object({ sessions: z.array(SessionReport) }).meta({ id: 'SessionList' });

export const HealthReport = z
  .object({ status: z.enum(['ok', 'not-ready']), reasons: z.array(z.string()) })
  .meta({ id: 'Health' });

export const ProblemReport = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().meta({ description: 'A row of docs/errors.md' }),
    remedy: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });
