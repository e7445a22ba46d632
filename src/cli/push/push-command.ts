/** `weir push FILE.mp4 URL`: sends a film to an RTSP server in real time, as an encoder does. */
import { setTimeout as pause } from 'node:timers/promises';
import { resolve } from 'node:path';
import { SystemClock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { redactUrl } from '../../base/redact.ts';
import { randomHex } from '../../core/bytes/hex.ts';
import type { TrackFormat } from '../../core/codec/track-format.ts';
import { WeirError } from '../../core/errors.ts';
import { parseRtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import { FileSource } from '../../sources/file/file-source.ts';
import { bindUdpPair, type UdpPair } from '../../net/udp.ts';
import { dialFor } from '../../sources/rtsp/dial.ts';
import { USER_AGENT } from '../../sources/rtsp/rtsp-source.ts';
import type { SourceSink, TrackSink } from '../../stream/source.ts';
import type { PushCommand } from '../command-line.ts';
import { hash, random, StopSignal, type ExitCode } from '../outcome.ts';
import { formatText } from '../format-text.ts';
import { PushSession } from './push-session.ts';
import { RtpSender } from './rtp-sender.ts';

const TIMEOUT_MS = 10_000;
/** What waits for a server that does not keep up; past it no more is sent up to the next key frame. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Datagrams that were handed to the system go out before TEARDOWN lets the server close its ports. */
const LAST_DATAGRAMS_MS = 50;

/** Throws `push-*`, `file-unreadable`, `source-url-invalid`. */
export async function push(command: PushCommand, log: Log): Promise<ExitCode> {
  const url = parseRtspUrl(command.url);
  if (url instanceof WeirError) throw url;
  using stop = new StopSignal();
  const clock = new SystemClock();
  const rounds = command.loop ? 'endless' : 'once';
  const source = new FileSource({ path: resolve(command.file), clock, log, label: command.file, rounds });
  const tracks = await tracksOf(source, command.file);
  const { transport, fingerprint } = command;
  const connect = dialFor({ settings: { transport: 'tcp', fingerprint }, userAgent: USER_AGENT, hash, nonce });
  const { signal } = stop;
  const options = { url, tracks, transport, connect, timeoutMs: TIMEOUT_MS, bindPair, clock, hash, nonce, signal };
  await using session = await PushSession.open(options);
  if (signal.aborted) return 0;
  const shown = redactUrl(command.url);
  for (const track of tracks) console.log(`  ${formatText(track)}`);
  console.log(`sends ${command.file} to ${shown} over ${transport.toUpperCase()}; Ctrl-C ends it`);
  const ended = new AbortController();
  void session.ended.then(() => ended.abort());
  const startMs = clock.monoMs();
  const sink = new PushSink(session, tracks, () => clock.utcMs());
  await source.run(sink, AbortSignal.any([signal, ended.signal])).catch((error: unknown) => {
    throw unreadable(error, command.file);
  });
  const endedEarly = ended.signal.aborted;
  if (!endedEarly) {
    sink.sender.goodbye();
    if (transport === 'udp') await pause(LAST_DATAGRAMS_MS);
    await session.close();
  }
  const error = await session.ended;
  const seconds = ((clock.monoMs() - startMs) / 1000).toFixed(1);
  console.log(
    `sent ${sink.units} frames in ${sink.sender.packets} packets, ${sink.sender.bytes} bytes, in ${seconds} s`,
  );
  if (sink.dropped > 0) console.log(`${sink.dropped} frames were left out: the server did not keep up`);
  // Who closes the connection at the BYE, before TEARDOWN (FFmpeg, listening, over UDP), ends it as we do.
  if (error !== undefined && (endedEarly || !(error instanceof WeirError))) throw error;
  return 0;
}

/** What the file would announce: a run that is told to end before it sends anything. */
async function tracksOf(source: FileSource, file: string): Promise<readonly TrackFormat[]> {
  const stop = new AbortController();
  let tracks: readonly TrackFormat[] = [];
  const sink: SourceSink = {
    announce: (formats) => {
      tracks = formats;
      stop.abort();
      return [];
    },
  };
  await source.run(sink, stop.signal).catch((error: unknown) => {
    throw unreadable(error, file);
  });
  return tracks;
}

/** The codes of sources speak of the configuration. */
function unreadable(error: unknown, file: string): unknown {
  if (!(error instanceof WeirError)) return error;
  const expected = error.expected === undefined ? {} : { expected: error.expected };
  return new WeirError('file-unreadable', error.message, { place: file, ...expected, cause: error });
}

/** Where the file's access units go: packed and sent, unless too much waits. */
class PushSink implements SourceSink {
  readonly sender: RtpSender;
  units = 0;
  dropped = 0;
  readonly #session: PushSession;
  /** By track: nothing goes out up to the next key frame. */
  readonly #skipping: boolean[] = [];

  constructor(session: PushSession, tracks: readonly TrackFormat[], utcMs: () => number) {
    this.#session = session;
    const send = session.send.bind(session);
    this.sender = new RtpSender({ tracks, cname: 'weir', random, utcMs, send });
  }

  announce(tracks: readonly TrackFormat[]): readonly TrackSink[] {
    return tracks.map((_, track) => ({
      packet: () => {},
      senderReport: () => {},
      goodbye: () => {},
      flush: () => {},
      accessUnit: (unit) => {
        const { recording, bufferedBytes } = this.#session;
        if (!recording || bufferedBytes > MAX_WAITING_BYTES) this.#skipping[track] = true;
        else if (unit.key) this.#skipping[track] = false;
        if (this.#skipping[track] === true) {
          this.dropped += 1;
          return;
        }
        this.units += 1;
        this.sender.unit(track, unit);
      },
    }));
  }
}

/** Of both families, where the machine has IPv6. */
function bindPair(): Promise<UdpPair> {
  return bindUdpPair('::').catch(() => bindUdpPair('0.0.0.0'));
}

function nonce(): string {
  return randomHex(random, 16);
}
