/** A stream as the API shows it: what the file says of it, without secrets, and how it is. */
import { relative } from 'node:path';
import type { z } from 'zod';
import { redactUrl } from '../../../base/redact.ts';
import type { KeepSettings, SourceSettings, StreamSettings } from '../../../config/settings.ts';
import { formatDuration, formatSize } from '../../../config/values.ts';
import { codecFor } from '../../../core/codec/registry.ts';
import type { WeirError } from '../../../core/errors.ts';
import type { SourceMemberStatus, Stream, StreamStatus, TrackStatus } from '../../../stream/stream.ts';
import type { ErrorReport, StatusReport, StreamReport, TrackReport } from './schemas.ts';

/** How the recording of a stream is. */
export interface RecordingStatus {
  readonly active: boolean;
  readonly recordedUpToUtcMs: number | undefined;
  readonly error: WeirError | undefined;
}

export function streamReport(
  stream: Stream,
  settings: StreamSettings,
  filesFolder: string,
  recording: RecordingStatus,
): z.output<typeof StreamReport> {
  return {
    name: stream.name,
    ...sourceReport(settings, filesFolder),
    record: settings.record,
    onDemand: settings.onDemand,
    ...(settings.onDemand && { onDemandIdle: formatDuration(settings.onDemandIdleMs) }),
    storage: settings.storage,
    keep: keepReport(settings.keep),
    declaredAt: settings.declaredAt ?? null,
    status: statusReport(stream.status(), recording),
  };
}

type SourceReport = Pick<
  z.output<typeof StreamReport>,
  'source' | 'sources' | 'transport' | 'fingerprint' | 'timeouts' | 'takeover'
>;

function sourceReport({ source, alternatives }: StreamSettings, filesFolder: string): SourceReport {
  if (alternatives.length === 0) return oneSourceReport(source, filesFolder);
  const reports = [source, ...alternatives].map((one) => oneSourceReport(one, filesFolder));
  const sources = reports.map((report) => report.source);
  // What goes with RTSP is said once, for all of them.
  return { ...reports.find(({ transport }) => transport !== undefined), source: sources[0] ?? '', sources };
}

function oneSourceReport(source: SourceSettings, filesFolder: string): SourceReport {
  switch (source.kind) {
    case 'rtsp': {
      const { connectMs, firstByteMs, idleMs } = source.timeouts;
      const timeouts = {
        connect: formatDuration(connectMs),
        firstByte: formatDuration(firstByteMs),
        idle: formatDuration(idleMs),
      };
      const { transport, fingerprint } = source;
      return { source: redactUrl(source.url), transport, ...(fingerprint !== undefined && { fingerprint }), timeouts };
    }
    case 'publish':
      return { source: 'publish', takeover: source.takeover };
    case 'file':
      return { source: `file:${relative(filesFolder, source.path)}` };
    case 'test-pattern':
      return { source: 'test-pattern' };
    default:
      return source satisfies never;
  }
}

function keepReport(keep: KeepSettings): z.output<typeof StreamReport>['keep'] {
  return {
    ...(keep.ageMs === undefined ? {} : { age: formatDuration(keep.ageMs) }),
    ...(keep.bytes === undefined ? {} : { size: formatSize(keep.bytes) }),
  };
}

function statusReport(status: StreamStatus, recording: RecordingStatus): z.output<typeof StatusReport> {
  const sum = (of: 'bytes' | 'packets' | 'lost'): number =>
    status.tracks.reduce((total, track) => total + track[of], 0);
  const { kind, label, attempts, nextAttemptUtcMs, faults, transport, skipped = [], members } = status.source;
  return {
    state: status.state,
    since: isoTime(status.sinceUtcMs),
    error: errorReport(status.error),
    warnings: status.warnings.map(errorReport).filter((report) => report !== null),
    source: {
      kind,
      label: redactUrl(label),
      attempts,
      nextAttempt: isoTimeOrNull(nextAttemptUtcMs),
      faults: nonZero(faults),
      ...(transport !== undefined && { transport }),
      skipped: skipped.map(({ media, reason }) => ({ media, reason })),
    },
    ...(members !== undefined && { sources: members.map(memberReport) }),
    tracks: status.tracks.map(trackReport),
    received: { bytes: sum('bytes'), packets: sum('packets'), lost: sum('lost') },
    readers: { ...status.readers },
    gopSeconds: status.gopMs === undefined ? null : status.gopMs / 1000,
    lastKeyFrame: isoTimeOrNull(status.lastKeyFrameUtcMs),
    memoryBytes: status.memoryBytes,
    recording: {
      active: recording.active,
      recordedUpTo: isoTimeOrNull(recording.recordedUpToUtcMs),
      error: errorReport(recording.error),
    },
  };
}

function memberReport(member: SourceMemberStatus): NonNullable<z.output<typeof StatusReport>['sources']>[number] {
  const { kind, label, inUse, attempts, error } = member;
  return { kind, label: redactUrl(label), inUse, attempts, error: errorReport(error) };
}

function trackReport(track: TrackStatus, index: number): z.output<typeof TrackReport> {
  const { media, encoding, clockRate, parameters, channels } = track.format;
  const shape = parameters?.shape;
  const video = shape?.media === 'video' ? shape : undefined;
  const audio = shape?.media === 'audio' ? shape : undefined;
  return {
    index,
    media,
    encoding,
    clockRate,
    codecString: parameters?.codecString ?? null,
    timeline: codecFor(encoding)?.timeline ?? false,
    width: video?.width ?? null,
    height: video?.height ?? null,
    frameRate: video?.frameRate ?? null,
    framesPerSecond: media === 'video' ? hundredths(track.framesPerSecond) : null,
    sampleRate: audio?.sampleRate ?? (media === 'audio' ? clockRate : null),
    // Left out in SDP, it is one (RFC 8866 §6.6).
    channels: audio?.channels ?? channels ?? (media === 'audio' ? 1 : null),
    bytes: track.bytes,
    packets: track.packets,
    frames: track.frames,
    lost: track.lost,
    faults: { ...track.faults },
  };
}

function errorReport(error: WeirError | undefined): z.output<typeof ErrorReport> | null {
  if (error === undefined) return null;
  return { code: error.code, message: redactUrl(error.describe()), remedy: error.row.remedy, retry: error.row.retry };
}

function hundredths(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(100 * value) / 100;
}

function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** '2026-01-01T10:00:00.000Z' */
export function isoTime(utcMs: number): string {
  return new Date(Math.round(utcMs)).toISOString();
}

function isoTimeOrNull(utcMs: number | undefined): string | null {
  return utcMs === undefined ? null : isoTime(utcMs);
}
