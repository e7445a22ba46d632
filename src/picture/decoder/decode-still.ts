/**
 * Decodes one key frame with FFmpeg's libraries through node-av, scales it and makes a JPEG of it. Runs in the decoder child only.
 * Low-level calls on one whole packet; node-av's stream input can crash the process (node-av#160). All calls are the
 * asynchronous ones, so that the child's loop stays free to notice that its parent is gone.
 */
import type * as NodeAv from 'node-av/lib';
import type * as NodeAvConstants from 'node-av/constants';
import { WeirError } from '../../core/errors.ts';
import { pictureSize } from '../picture-size.ts';
import type { StillRequest } from './protocol.ts';

export interface DecoderLibrary {
  readonly av: typeof NodeAv;
  readonly constants: typeof NodeAvConstants;
}

/** Loads the native library, quiet (it would write to stderr). Rejects where it is not installed or does not fit the machine. */
export async function loadLibrary(): Promise<DecoderLibrary> {
  const [av, constants] = await Promise.all([import('node-av/lib'), import('node-av/constants')]);
  av.Log.setLevel(constants.AV_LOG_QUIET);
  return { av, constants };
}

export interface JpegPicture {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Throws `decoder-failed` with a sentence about what FFmpeg refused. */
export async function decodeStill(library: DecoderLibrary, request: StillRequest): Promise<JpegPicture> {
  using frame = new library.av.Frame();
  frame.alloc();
  await decodeFrame(library, request, frame);
  const { num, den } = frame.sampleAspectRatio;
  const aspect: readonly [number, number] = num > 0 && den > 0 ? [num, den] : request.aspect;
  const size = pictureSize(frame, aspect, request.width);
  using scaled = new library.av.Frame();
  scaled.alloc();
  await scaleFrame(library, frame, scaled, size);
  return { bytes: await encodeJpeg(library, scaled), ...size };
}

/** Fills `frame`. The end of the stream follows the one packet at once: a decoder holds pictures back for re-ordering otherwise. */
async function decodeFrame(
  { av, constants }: DecoderLibrary,
  request: StillRequest,
  frame: NodeAv.Frame,
): Promise<void> {
  const id = request.codec === 'h265' ? constants.AV_CODEC_ID_HEVC : constants.AV_CODEC_ID_H264;
  const codec = av.Codec.findDecoder(id);
  if (codec === null) throw new WeirError('decoder-failed', `this FFmpeg has no decoder for ${request.codec}`);
  using context = new av.CodecContext();
  context.allocContext3(codec);
  context.threadCount = 1;
  // The bytes may bring parameter sets of their own, larger than those that were checked.
  using options = av.Dictionary.fromObject({ max_pixels: String(request.pixelsMax) });
  check(await context.open2(codec, options), 'the decoder cannot be opened');
  using packet = new av.Packet();
  packet.alloc();
  packet.data = Buffer.from(request.bytes.buffer, request.bytes.byteOffset, request.bytes.length);
  packet.pts = 0n;
  packet.dts = 0n;
  packet.isKeyframe = true;
  check(await context.sendPacket(packet), 'the decoder refused the frame');
  check(await context.sendPacket(null), 'the decoder cannot be flushed');
  check(await context.receiveFrame(frame), 'no picture came out');
  if (frame.decodeErrorFlags !== 0) throw new WeirError('decoder-failed', 'the frame is damaged');
  if (frame.width < 1 || frame.height < 1 || frame.width * frame.height > request.pixelsMax)
    throw new WeirError('decoder-failed', 'the frame is too large');
}

/** To full-range 4:2:0, as JPEG has it; the scaler converts range, depth and chroma from what the frame says of itself. */
async function scaleFrame(
  { av, constants }: DecoderLibrary,
  frame: NodeAv.Frame,
  scaled: NodeAv.Frame,
  size: { width: number; height: number },
): Promise<void> {
  const timeBase = new av.Rational(1, 1000);
  frame.timeBase = timeBase;
  scaled.timeBase = timeBase;
  scaled.pts = 0n;
  scaled.format = constants.AV_PIX_FMT_YUVJ420P;
  scaled.width = size.width;
  scaled.height = size.height;
  scaled.colorRange = constants.AVCOL_RANGE_JPEG;
  check(scaled.getBuffer(), 'no memory for the picture');
  using scaler = new av.SoftwareScaleContext();
  scaler.allocContext();
  check(await scaler.scaleFrame(scaled, frame), 'the picture cannot be scaled');
}

async function encodeJpeg({ av, constants }: DecoderLibrary, frame: NodeAv.Frame): Promise<Uint8Array> {
  const codec = av.Codec.findEncoder(constants.AV_CODEC_ID_MJPEG);
  if (codec === null) throw new WeirError('decoder-failed', 'this FFmpeg has no JPEG encoder');
  using context = new av.CodecContext();
  context.allocContext3(codec);
  context.threadCount = 1;
  context.width = frame.width;
  context.height = frame.height;
  context.pixelFormat = constants.AV_PIX_FMT_YUVJ420P;
  context.colorRange = constants.AVCOL_RANGE_JPEG;
  context.timeBase = new av.Rational(1, 1000);
  context.setFlags(constants.AV_CODEC_FLAG_QSCALE);
  context.globalQuality = JPEG_QUALITY * constants.FF_QP2LAMBDA;
  frame.quality = JPEG_QUALITY * constants.FF_QP2LAMBDA;
  check(await context.open2(codec), 'the JPEG encoder cannot be opened');
  check(await context.sendFrame(frame), 'the JPEG encoder refused the picture');
  check(await context.sendFrame(null), 'the JPEG encoder cannot be flushed');
  using packet = new av.Packet();
  packet.alloc();
  check(await context.receivePacket(packet), 'no JPEG came out');
  const data = packet.data;
  if (data === null) throw new WeirError('decoder-failed', 'no JPEG came out');
  // A copy: the packet's memory is freed with it.
  return new Uint8Array(data);
}

/** FFmpeg's quantiser scale, 1 (best) to 31. */
const JPEG_QUALITY = 4;

function check(result: number, refusal: string): void {
  if (result < 0) throw new WeirError('decoder-failed', `${refusal} (FFmpeg error ${result})`);
}
