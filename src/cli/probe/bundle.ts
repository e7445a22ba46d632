/**
 * The diagnostic bundle of a probe: one file of JSON lines that holds no secret and can be played again (test/harness/bundle-camera.ts).
 * docs/command-line.md describes it; a change of meaning raises BUNDLE_FORMAT.
 *
 *     {"bundle":1,"weir":"0.1.0","node":"26.1.1","at":"2026-01-01T10:00:00.000Z","url":"rtsp://camera/main","transport":"auto"}
 *     {"ms":3,"opened":true}                                        a connection stands
 *     {"ms":4,"to":"OPTIONS rtsp://camera/main RTSP/1.0\r\n…"}      what was asked
 *     {"ms":9,"from":"RTSP/1.0 200 OK\r\n…"}                        what was answered
 *     {"ms":60,"track":0,"rtp":"gGAA…","size":1412}                 a packet: whole at first, later its first bytes
 *     {"ms":70,"track":0,"ntp":1767261600000,"rtpTime":90000}       a sender report
 *     {"ms":80,"garbage":12}  {"ms":90,"unreadable":"…"}  {"ms":99,"closed":true}
 *     {"report":{…}}                                                 what was found
 */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { VERSION } from '../../base/version.ts';
import { WeirError } from '../../core/errors.ts';
import type { RtspMessage } from '../../core/rtsp/wire/message.ts';
import type { Said } from './transcript.ts';
import type { Witness } from './probe.ts';
import type { ProbeReport } from './probe-report.ts';
import { Redactor } from './redactor.ts';

export const BUNDLE_FORMAT = 1;
/** Of each track so much is kept whole: the first key frame, from which the set-up can be learnt. */
export const WHOLE_BYTES_PER_TRACK = 256 * 1024;
/** After it: headers, and what tells the kind of a payload. */
export const HEAD_BYTES = 96;
/** Lines past it are left out. */
export const MAX_BUNDLE_LINES = 100_000;

/** Keys of the report under which nothing of the peer's stands. */
const OWN_WORDS = new Set([
  'media',
  'codec',
  'codecString',
  'profile',
  'parametersFrom',
  'code',
  'remedy',
  'transport',
  'tcp',
  'udp',
  'multicast',
]);

export class Bundle implements Witness {
  readonly #redactor: Redactor;
  readonly #lines: string[];
  /** By track. */
  readonly #wholeBytes: number[] = [];

  constructor(url: string, transport: string, atUtcMs: number) {
    this.#redactor = new Redactor(url);
    const head = {
      bundle: BUNDLE_FORMAT,
      weir: VERSION,
      node: process.versions.node,
      at: new Date(atUtcMs).toISOString(),
    };
    this.#lines = [JSON.stringify({ ...head, url: this.#redactor.words(url), transport })];
  }

  said(said: Said): void {
    const { ms } = said;
    switch (said.kind) {
      case 'opened':
      case 'closed':
        this.#line({ ms, [said.kind]: true });
        return;
      case 'garbage':
        this.#line({ ms, garbage: said.bytes });
        return;
      case 'unreadable':
        // What is shown of it is cut, maybe in the middle of a secret.
        this.#line({ ms, unreadable: this.#redactor.words(said.reason.replaceAll(/[^\s"]*…/g, '…')) });
        return;
      case 'to':
      case 'from':
        this.#line({ ms, [said.kind]: this.#redactor.text(messageText(said.message)) });
        return;
      default:
        said satisfies never;
    }
  }

  packet(ms: number, track: number, packet: Uint8Array): void {
    const before = this.#wholeBytes[track] ?? 0;
    const whole = before + packet.length <= WHOLE_BYTES_PER_TRACK;
    if (whole) this.#wholeBytes[track] = before + packet.length;
    const kept = whole ? packet : packet.subarray(0, HEAD_BYTES);
    this.#line({ ms, track, rtp: Buffer.from(kept).toString('base64'), size: packet.length });
  }

  senderReport(ms: number, track: number, ntpUtcMs: number, rtpTimestamp: number): void {
    this.#line({ ms, track, ntp: ntpUtcMs, rtpTime: rtpTimestamp });
  }

  /** Throws `file-exists`, `file-not-written`. */
  save(path: string, report: ProbeReport): void {
    const last = JSON.stringify({ report }, (key, value: unknown) =>
      typeof value === 'string' && !OWN_WORDS.has(key) ? this.#redactor.words(value) : value,
    );
    const text = [...this.#lines, last].join('\n');
    try {
      const file = openSync(path, 'wx', 0o600);
      try {
        // All of it, in as many writes as the system wants.
        writeFileSync(file, `${text}\n`);
      } finally {
        closeSync(file);
      }
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
        throw new WeirError('file-exists', 'There is a file of that name', { place: path });
      const { message } = cause as Error;
      throw new WeirError('file-not-written', `The bundle cannot be written: ${message}`, { place: path, cause });
    }
  }

  #line(line: Readonly<Record<string, unknown>>): void {
    if (this.#lines.length < MAX_BUNDLE_LINES) this.#lines.push(JSON.stringify(line));
  }
}

/** As it was read, blanks around values left out; bytes as Latin-1. */
function messageText(message: RtspMessage): string {
  const first =
    message.kind === 'request'
      ? `${message.method} ${message.uri} ${message.version}`
      : `${message.version} ${message.status} ${message.reason}`;
  const headers = [...message.headers].map(([name, value]) => `${name}: ${value}`);
  return [first.trimEnd(), ...headers, '', Buffer.from(message.body).toString('latin1')].join('\r\n');
}
