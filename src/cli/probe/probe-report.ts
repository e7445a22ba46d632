/** What a probe found, as `--json` prints it: the keys are stable, what is not known is null. docs/command-line.md describes them. */
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { profileText } from '../format-text.ts';
import type { TrackMeasures } from './track-meter.ts';

export interface ProbeReport {
  /** Without secrets. */
  readonly url: string;
  /** As it calls itself. */
  readonly server: string | null;
  readonly methods: readonly string[] | null;
  /** How media came: null if none did. */
  readonly transport: Way | null;
  readonly transports: Readonly<Partial<Record<Way, WayVerdict>>>;
  /** Milliseconds from the start until each. */
  readonly describedMs: number | null;
  readonly firstMediaMs: number | null;
  readonly firstKeyFrameMs: number | null;
  readonly tracks: readonly TrackReport[];
  readonly skipped: readonly { readonly section: number; readonly media: string; readonly reason: string }[];
  /** Tolerated faults, those that occurred. */
  readonly faults: Readonly<Record<string, number>>;
  readonly error: ErrorReport | null;
}

export type Way = 'tcp' | 'udp' | 'multicast';
/** 'refused': 461 or another refusal; 'silent': it was set up, and nothing came. */
export type WayVerdict = 'works' | 'refused' | 'silent' | 'failed';

export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export interface TrackReport {
  readonly media: string;
  readonly encoding: string;
  readonly payloadType: number;
  readonly clockRate: number;
  readonly codec: string | null;
  readonly codecString: string | null;
  /** 'High 3.1', 'LC' */
  readonly profile: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  /** Whether SDP gave the decoder's set-up, or it had to be learnt from the media. */
  readonly parametersFrom: 'sdp' | 'media' | null;
  readonly packets: number;
  readonly bytes: number;
  readonly lost: number;
  readonly framesPerSecond: number | null;
  readonly bitsPerSecond: number | null;
  readonly keyFrames: number | null;
  readonly gopMs: number | null;
  readonly reordered: boolean | null;
  readonly jitterMs: number | null;
  readonly driftPpm: number | null;
  readonly senderReports: number;
  readonly senderClockOffsetMs: number | null;
  readonly senderReportDriftMs: number | null;
}

/** `announced`: the track as SDP gave it; `format`: completed from what came. */
export function trackReport(announced: TrackFormat, format: TrackFormat, measures: TrackMeasures): TrackReport {
  const { media, encoding, payloadType, clockRate, parameters } = format;
  const video = parameters?.shape.media === 'video' ? parameters.shape : undefined;
  const audio = parameters?.shape.media === 'audio' ? parameters.shape : undefined;
  return {
    media,
    encoding,
    payloadType,
    clockRate,
    codec: parameters?.codec ?? null,
    codecString: parameters?.codecString ?? null,
    profile: profileText(parameters?.codecString) ?? null,
    width: video?.width ?? null,
    height: video?.height ?? null,
    sampleRate: audio?.sampleRate ?? null,
    channels: audio?.channels ?? null,
    parametersFrom: parameters === undefined ? null : announced.parameters === undefined ? 'media' : 'sdp',
    packets: measures.packets,
    bytes: measures.bytes,
    lost: measures.lost,
    framesPerSecond: media === 'video' ? rounded(measures.framesPerSecond, 2) : null,
    bitsPerSecond: rounded(measures.bitsPerSecond, 0),
    keyFrames: media === 'video' ? measures.keyFrames : null,
    gopMs: media === 'video' ? rounded(measures.gopMs, 0) : null,
    reordered: measures.reordered ?? null,
    jitterMs: rounded(measures.jitterMs, 1),
    driftPpm: rounded(measures.driftPpm, 0),
    senderReports: measures.senderReports,
    senderClockOffsetMs: rounded(measures.senderClockOffsetMs, 0),
    senderReportDriftMs: rounded(measures.senderReportDriftMs, 1),
  };
}

function rounded(value: number | undefined, digits: number): number | null {
  return value === undefined ? null : Number(value.toFixed(digits));
}
