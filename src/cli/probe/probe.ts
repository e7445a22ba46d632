/**
 * Probes one RTSP source: pulls it as the server does, listens to what is said, measures what comes for a while, and then tries the other way
 * for media that it might offer.
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { redactText, redactUrl } from '../../base/redact.ts';
import type { SourceTransport } from '../../config/settings.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { WeirError } from '../../core/errors.ts';
import { planSetup } from '../../core/rtsp/client/setup-plan.ts';
import { parseTransports } from '../../core/rtsp/wire/transport.ts';
import { RtspSource } from '../../sources/rtsp/rtsp-source.ts';
import type { SourceSink, TrackSink } from '../../stream/source.ts';
import { hash, random } from '../outcome.ts';
import { Transcript, type Said } from './transcript.ts';
import { trackReport, type ErrorReport, type ProbeReport, type Way, type WayVerdict } from './probe-report.ts';
import { TrackMeter } from './track-meter.ts';

export interface ProbeOptions {
  readonly url: string;
  readonly transport: SourceTransport;
  readonly fingerprint: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** How long media is looked at. */
  readonly lookMs: number;
  /** Told of everything, for a bundle. */
  readonly witness: Witness;
  readonly signal: AbortSignal;
}

/** `ms`: since the probe began. */
export interface Witness {
  said(said: Said): void;
  packet(ms: number, track: number, packet: Uint8Array): void;
  senderReport(ms: number, track: number, ntpUtcMs: number, rtpTimestamp: number): void;
}

export interface Probed {
  readonly report: ProbeReport;
  /** Of the report's tracks. */
  readonly formats: readonly TrackFormat[];
  readonly error: WeirError | undefined;
}

/** A camera that does not answer is none of the server's, where somebody waits for the probe. */
const TIMEOUTS = { connectMs: 10_000, firstByteMs: 10_000, idleMs: 5000 };
const TRIAL_TIMEOUTS = { connectMs: 3000, firstByteMs: 2000, idleMs: 2000 };

/** Never throws what the source does: that is part of the report. */
export async function probe(options: ProbeOptions): Promise<Probed> {
  const look = new Look(options);
  const transcript = new Transcript(look.nowMs, (said) => options.witness.said(said));
  const source = sourceOf(options, options.transport, TIMEOUTS, transcript);
  let error: WeirError | undefined;
  try {
    await source.run(look, AbortSignal.any([options.signal, look.done]));
  } catch (thrown) {
    if (!(thrown instanceof WeirError)) throw thrown;
    error = thrown;
  }
  const transport = look.firstMediaMs === undefined ? undefined : wayOf(transcript);
  const transports = await verdicts(options, transport, transcript, look.nowMs);
  const { faults } = source;
  const report: ProbeReport = {
    url: redactUrl(options.url),
    ...saidOf(transcript, options.url),
    transport: transport ?? null,
    transports,
    describedMs: look.announcedMs ?? null,
    firstMediaMs: look.firstMediaMs ?? null,
    firstKeyFrameMs: look.firstKeyFrameMs ?? null,
    tracks: look.meters.map(({ announced, meter }) => trackReport(announced, meter.format, meter.measures())),
    faults: Object.fromEntries(Object.entries(faults).filter(([, count]) => count > 0)),
    error: error === undefined ? null : errorReport(error),
  };
  return { report, formats: look.meters.map(({ meter }) => meter.format), error };
}

/** What the tracks send, for a while from the first announcement on. */
class Look implements SourceSink {
  readonly nowMs: () => number;
  meters: readonly { readonly announced: TrackFormat; readonly meter: TrackMeter }[] = [];
  announcedMs: number | undefined;
  firstMediaMs: number | undefined;
  firstKeyFrameMs: number | undefined;
  readonly #options: ProbeOptions;
  readonly #done = new AbortController();

  constructor(options: ProbeOptions) {
    this.#options = options;
    const startMs = options.clock.monoMs();
    this.nowMs = () => Math.round(options.clock.monoMs() - startMs);
  }

  get done(): AbortSignal {
    return this.#done.signal;
  }

  announce(tracks: readonly TrackFormat[]): readonly TrackSink[] {
    if (this.announcedMs === undefined) this.#options.clock.after(this.#options.lookMs, () => this.#done.abort());
    this.announcedMs ??= this.nowMs();
    this.meters = tracks.map((announced) => ({ announced, meter: new TrackMeter(announced) }));
    return this.meters.map(({ meter }, track) => this.#sink(track, meter));
  }

  #sink(track: number, meter: TrackMeter): TrackSink {
    const { witness, clock } = this.#options;
    return {
      packet: (packet, arrivalMs, lostBefore) => {
        this.firstMediaMs ??= this.nowMs();
        witness.packet(this.nowMs(), track, packet);
        meter.packet(packet, arrivalMs, lostBefore);
        if (this.firstKeyFrameMs === undefined && meter.hasKeyFrame) this.firstKeyFrameMs = this.nowMs();
      },
      senderReport: (ntpUtcMs, rtpTimestamp) => {
        witness.senderReport(this.nowMs(), track, ntpUtcMs, rtpTimestamp);
        meter.senderReport(ntpUtcMs, rtpTimestamp, clock.utcMs());
      },
      goodbye: () => {},
      accessUnit: () => {},
      flush: () => {},
    };
  }
}

function sourceOf(
  { url, fingerprint, clock, log }: ProbeOptions,
  transport: SourceTransport,
  timeouts: typeof TIMEOUTS,
  transcript: Transcript,
): RtspSource {
  const settings = { kind: 'rtsp', url, transport, fingerprint, timeouts } as const;
  return new RtspSource({ settings, clock, log, hash, random, tap: (pipe) => transcript.tap(pipe) });
}

/** The way media came works; of TCP and UDP the other one is tried, where both may be. */
async function verdicts(
  options: ProbeOptions,
  used: Way | undefined,
  transcript: Transcript,
  nowMs: () => number,
): Promise<ProbeReport['transports']> {
  if (used === undefined) return {};
  const other = used === 'tcp' ? 'udp' : 'tcp';
  if (options.transport !== 'auto' || /^rtsp[sx]:/i.test(options.url.trim()) || options.signal.aborted)
    return { [used]: 'works' };
  const verdict = refusedWays(transcript).has(other) ? 'refused' : await trial(options, other, nowMs);
  return { [used]: 'works', [other]: verdict };
}

/** A session of its own, up to the first packet. */
async function trial(options: ProbeOptions, way: 'tcp' | 'udp', nowMs: () => number): Promise<WayVerdict> {
  const { witness, signal } = options;
  const came = new AbortController();
  const transcript = new Transcript(nowMs, (said) => witness.said(said));
  const sinkOf = (track: number): TrackSink => ({
    packet: (packet) => {
      if (!came.signal.aborted) witness.packet(nowMs(), track, packet);
      came.abort();
    },
    senderReport: () => {},
    goodbye: () => {},
    accessUnit: () => {},
    flush: () => {},
  });
  const sink: SourceSink = { announce: (tracks) => tracks.map((_, track) => sinkOf(track)) };
  const source = sourceOf(options, way, TRIAL_TIMEOUTS, transcript);
  try {
    await source.run(sink, AbortSignal.any([signal, came.signal]));
    if (!came.signal.aborted) return 'failed';
    // Some answer with the other way, by which media then comes.
    return wayOf(transcript) === way ? 'works' : 'refused';
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    if (error.code === 'source-refused') return 'refused';
    return error.code === 'source-silent' ? 'silent' : 'failed';
  }
}

/** By the last SETUP that was answered with 200: what it says counts, or else what was asked for. */
function wayOf(transcript: Transcript): Way | undefined {
  const { request, response } = setups(transcript).findLast((setup) => setup.response.status === 200) ?? {};
  const text = response?.headers.get('Transport') ?? request?.headers.get('Transport') ?? '';
  const transport = parseTransports(text)[0] ?? parseTransports(request?.headers.get('Transport') ?? '')[0];
  if (transport === undefined) return undefined;
  if (transport.cast === 'multicast') return 'multicast';
  return transport.lower === 'TCP' ? 'tcp' : 'udp';
}

function refusedWays(transcript: Transcript): ReadonlySet<Way> {
  const refused = new Set<Way>();
  for (const { request, response } of setups(transcript)) {
    const transport = parseTransports(request?.headers.get('Transport') ?? '')[0];
    if (response.status === 461 && transport !== undefined) refused.add(transport.lower === 'TCP' ? 'tcp' : 'udp');
  }
  return refused;
}

function setups(transcript: Transcript): Transcript['responses'] {
  return transcript.responses.filter(({ request }) => request?.kind === 'request' && request.method === 'SETUP');
}

function saidOf(transcript: Transcript, url: string): Pick<ProbeReport, 'server' | 'methods' | 'skipped'> {
  const { responses } = transcript;
  const header = (name: string): string | undefined =>
    responses.map(({ response }) => response.headers.get(name)).find((value) => value !== undefined);
  const described = responses.findLast(
    ({ request, response }) => request?.kind === 'request' && request.method === 'DESCRIBE' && response.status === 200,
  );
  const plan = described && planSetup(url, described.response, redactUrl(url));
  return {
    server: header('Server') ?? null,
    methods:
      header('Public')
        ?.split(',')
        .map((method) => method.trim()) ?? null,
    skipped: plan === undefined || plan instanceof WeirError ? [] : plan.skipped,
  };
}

function errorReport(error: WeirError): ErrorReport {
  return { code: error.code, message: redactText(error.describe()), remedy: error.row.remedy };
}
