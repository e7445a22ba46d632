/** Media pulled from a camera or server over RTSP: one upstream connection, however many read. */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { redactUrl } from '../../base/redact.ts';
import type { SourceSettings } from '../../config/settings.ts';
import { randomHex } from '../../core/bytes/hex.ts';
import { WeirError } from '../../core/errors.ts';
import { ClientMachine } from '../../core/rtsp/client/client-machine.ts';
import type { ClientTrack, MediaWay } from '../../core/rtsp/client/client-io.ts';
import type { KeepAliveMethod } from '../../core/rtsp/client/keep-alive.ts';
import type { Hash } from '../../core/rtsp/digest/challenge.ts';
import type { RtspUrl } from '../../core/rtsp/wire/rtsp-url.ts';
import type { BytePipe } from '../../net/byte-pipe.ts';
import { noIngestFaults } from '../../stream/rtp-ingest.ts';
import type { MediaTransport, SkippedMedia, Source, SourceSink } from '../../stream/source.ts';
import { dialFor, sourceUrl, type Dial } from './dial.ts';
import { RtspAttempt } from './rtsp-attempt.ts';

type RtspSettings = SourceSettings & { readonly kind: 'rtsp' };

export interface RtspSourceOptions {
  readonly settings: RtspSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly hash: Hash;
  /** In [0, 1), unguessable. */
  readonly random: () => number;
  /** Stands between each connection and what is said on it: to listen. */
  readonly tap?: (pipe: BytePipe) => BytePipe;
}

/** Some cameras refuse whoever does not say it (g2r#235). */
export const USER_AGENT = 'weir';

type Faults = Readonly<Record<string, number>>;

export class RtspSource implements Source {
  readonly kind = 'rtsp';
  readonly label: string;
  readonly host: string;
  readonly #options: RtspSourceOptions;
  readonly #ssrc: number;
  /** What this device was last seen to want; it goes on over attempts. */
  #keepAlive: KeepAliveMethod = 'OPTIONS';
  /** By which its media last came, of those that may be tried. */
  #way: MediaWay | undefined;
  /** Of the attempts that run: one that was left may end after the next has begun. */
  readonly #faultsNow = new Set<() => Faults>();
  /** Of those that have ended. */
  #faultsBefore: Faults = {};
  #transport: MediaTransport | undefined;
  #skipped: readonly SkippedMedia[] = [];

  constructor(options: RtspSourceOptions) {
    this.#options = options;
    this.label = redactUrl(options.settings.url);
    const url = sourceUrl(options.settings);
    this.host = url instanceof WeirError ? this.label : url.host;
    this.#ssrc = Math.floor(options.random() * 2 ** 32);
  }

  /** Tolerated faults since the start, by name (see ClientFaults, IngestFaults). */
  get faults(): Faults {
    return [...this.#faultsNow].reduce((total, now) => sum(total, now()), this.#faultsBefore);
  }

  get transport(): MediaTransport | undefined {
    return this.#transport;
  }

  get skipped(): readonly SkippedMedia[] {
    return this.#skipped;
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { settings, clock, log, hash, tap = untapped } = this.#options;
    const machine = this.#newMachine();
    const faults = { ...noIngestFaults(), strayDatagrams: 0 };
    const faultsNow = (): Faults => ({ ...machine.faults, ...faults });
    this.#faultsNow.add(faultsNow);
    const { connectMs } = settings.timeouts;
    const own = { ssrc: this.#ssrc, cname: 'weir' };
    const dial = dialFor({ settings, userAgent: USER_AGENT, hash, nonce: this.#nonce });
    const connect: Dial = async (url, options) => tap(await dial(url, options));
    const announced = (tracks: readonly ClientTrack[], skipped: readonly SkippedMedia[]): void => {
      this.#skipped = skipped;
      this.#transport = this.#transportOf(tracks);
    };
    try {
      await new RtspAttempt({ machine, sink, connect, connectMs, clock, log, ...own, faults, announced }).run(signal);
    } finally {
      this.#keepAlive = machine.keepAlive;
      this.#way = machine.provenWay ?? this.#way;
      const counted = Object.entries(faultsNow()).filter(([, count]) => count > 0);
      if (counted.length > 0) log.info(Object.fromEntries(counted), 'The source had faults that were tolerated');
      this.#faultsNow.delete(faultsNow);
      this.#faultsBefore = sum(this.#faultsBefore, faultsNow());
    }
  }

  #transportOf(tracks: readonly ClientTrack[]): MediaTransport {
    const delivery = tracks[0]?.delivery.kind ?? 'interleaved';
    if (delivery !== 'interleaved') return delivery;
    const { settings } = this.#options;
    if (settings.transport === 'http') return 'tunnel';
    const url = sourceUrl(settings);
    return !(url instanceof WeirError) && url.secure ? 'tls' : 'tcp';
  }

  readonly #nonce = (): string => randomHex(this.#options.random, 16);

  /** Throws `source-url-invalid`. */
  #newMachine(): ClientMachine {
    const { settings, hash } = this.#options;
    const url = sourceUrl(settings);
    if (url instanceof WeirError) throw url;
    const { connectMs, firstByteMs, idleMs } = settings.timeouts;
    return new ClientMachine({
      url,
      label: this.label,
      userAgent: USER_AGENT,
      ways: waysOf(settings.transport, url, this.#way),
      keepAlive: this.#keepAlive,
      timeouts: { responseMs: connectMs, firstByteMs, idleMs },
      hash,
      nonce: this.#nonce,
    });
  }
}

function untapped(pipe: BytePipe): BytePipe {
  return pipe;
}

/** Where media inside the connection is not the only way, what last brought some goes first. */
function waysOf(
  transport: RtspSettings['transport'],
  url: RtspUrl,
  remembered: MediaWay | undefined,
): readonly MediaWay[] {
  switch (transport) {
    case 'auto':
      if (url.secure) return ['tcp'];
      return remembered === 'udp' ? ['udp', 'tcp'] : ['tcp', 'udp'];
    case 'udp':
    case 'multicast':
      return [transport];
    case 'tcp':
    case 'tls':
    case 'http':
      return ['tcp'];
    default:
      return transport satisfies never;
  }
}

function sum(before: Faults, now: Faults): Faults {
  const total: Record<string, number> = { ...before };
  for (const [name, count] of Object.entries(now)) total[name] = (total[name] ?? 0) + count;
  return total;
}
