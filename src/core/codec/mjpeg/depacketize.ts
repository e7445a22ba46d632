/** RTP payloads of JPEG into access units (RFC 2435, and what ONVIF adds to it): a whole JFIF each. */
import type { AccessUnit, Pieces } from '../access-unit.ts';
import type { Depacketizer, RtpPayload } from '../codec.ts';
import type { CodecParameters } from '../codec-parameters.ts';
import { FrameAssembler } from '../frame/frame-assembler.ts';
import type { MadeFrame } from '../frame/frame-assembler.ts';
import type { RtpExtension } from '../../rtp/packet.ts';
import type { TrackFormat } from '../track-format.ts';
import { frameSizeOf } from './frame-size.ts';
import type { FrameSize } from './frame-size.ts';
import { parseJpegHeader } from './jpeg-header.ts';
import type { JpegHeader, QuantisationTables } from './jpeg-header.ts';
import { END_OF_IMAGE, endsImage, sameFrame, writeJpegHead } from './jfif.ts';
import type { JpegFrame } from './jfif.ts';
import { ONVIF_JPEG, completed, parseExtension, writeExtendedHead } from './onvif-extension.ts';
import type { JpegSegment } from './onvif-extension.ts';
import { mjpegParametersOf } from './parameters.ts';
import { quantisationTables } from './quantisation.ts';

/** Tables of a quality from here on may change from frame to frame. */
const CHANGING_QUALITY = 255;
const FIRST_IN_BAND = 128;
/** Two tables of 64 values of 16 bits: a picture of RFC 2435 has no more. */
const MAX_TABLE_BYTES = 256;

export class MjpegDepacketizer implements Depacketizer {
  readonly #assembler: FrameAssembler;
  readonly #said: FrameSize | undefined;
  /** In-band tables by quality, which later frames may leave out: at most 127 of 256 bytes. */
  readonly #tables = new Map<number, QuantisationTables>();
  #parameters: CodecParameters | undefined;
  /** Of the frame in hand: what stands before its scan; or why it cannot be made. */
  #head: Uint8Array | string = 'frame-junk';
  /** Of the newest ONVIF extension, which later ones may leave parts of out: copies, of four packets at most. */
  #segments: readonly JpegSegment[] = [];
  /** The newest head and what it says: most pictures have the one of the picture before. */
  #written: { readonly frame: JpegFrame; readonly head: Uint8Array } | undefined;

  constructor(format: TrackFormat) {
    this.#said = format.frameSize;
    this.#parameters = format.parameters;
    this.#assembler = new FrameAssembler({ make: ([scan]) => this.#make(scan ?? []) });
  }

  push(packet: RtpPayload): readonly AccessUnit[] {
    const header = parseJpegHeader(packet.payload);
    if (header === undefined) this.#assembler.drop('payload-junk');
    if (this.#assembler.begin(packet, header?.offset === 0 ? 'frame' : 'no')) {
      if (header === undefined || header.offset !== this.#assembler.bytes) this.#assembler.spoil();
      else this.#take(header, packet.extension);
    }
    this.#assembler.end(packet);
    return this.#assembler.take();
  }

  flush(): readonly AccessUnit[] {
    this.#assembler.flush();
    return this.#assembler.take();
  }

  get parameters(): CodecParameters | undefined {
    return this.#parameters;
  }

  get dropped(): Readonly<Record<string, number>> {
    return this.#assembler.dropped;
  }

  #take(header: JpegHeader, extension: RtpExtension | undefined): void {
    if (header.offset === 0)
      this.#head =
        extension?.profile === ONVIF_JPEG ? this.#extendedHead(header, extension.bytes) : this.#headOf(header);
    this.#assembler.piece(header.scan);
  }

  #extendedHead(header: JpegHeader, extension: Uint8Array): Uint8Array | string {
    // Copied, since later frames may need it.
    const own = parseExtension(new Uint8Array(extension));
    if (own === undefined) return 'frame-junk';
    const segments = completed(own, this.#segments, header);
    const { type, restartInterval } = header;
    const size = frameSizeOf(header, this.#said);
    const head = writeExtendedHead(segments, { type, restartInterval, size, tables: this.#tablesOf(header) });
    if (head === undefined) return 'frame-junk';
    this.#segments = segments;
    const { width, height, bytes } = head;
    this.#parameters = mjpegParametersOf({ width, height, type }, this.#parameters);
    return bytes;
  }

  #headOf(header: JpegHeader): Uint8Array | string {
    const size = frameSizeOf(header, this.#said);
    if (size === undefined) return 'frame-without-size';
    const tables = this.#tablesOf(header);
    if (tables === undefined) return 'frame-without-tables';
    const { type, restartInterval } = header;
    const head = this.#write({ ...size, type, restartInterval, tables });
    if (head === undefined) return 'frame-junk';
    this.#parameters = mjpegParametersOf({ ...size, type }, this.#parameters);
    return head;
  }

  #write(frame: JpegFrame): Uint8Array | undefined {
    if (this.#written !== undefined && sameFrame(this.#written.frame, frame)) return this.#written.head;
    const head = writeJpegHead(frame);
    const tables = { ...frame.tables, bytes: new Uint8Array(frame.tables.bytes) };
    this.#written = head && { frame: { ...frame, tables }, head };
    return head;
  }

  /** RFC 2435 §3.1.8. */
  #tablesOf({ quality, tables }: JpegHeader): QuantisationTables | undefined {
    if (quality === 0) return undefined;
    if (quality < FIRST_IN_BAND) return { precision: 0, bytes: quantisationTables(quality) };
    if (tables === undefined || tables.bytes.length === 0) return this.#tables.get(quality);
    if (tables.bytes.length > MAX_TABLE_BYTES) return undefined;
    if (quality < CHANGING_QUALITY) this.#tables.set(quality, { ...tables, bytes: new Uint8Array(tables.bytes) });
    return tables;
  }

  #make(scan: Pieces): MadeFrame | string {
    const parameters = this.#parameters;
    if (typeof this.#head === 'string' || parameters === undefined) return String(this.#head);
    const last = scan.at(-1);
    const ends = last !== undefined && endsImage(last);
    return { data: [this.#head, ...scan, ...(ends ? [] : [END_OF_IMAGE])], key: true, parameters };
  }
}
