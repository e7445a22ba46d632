/**
 * The size of a picture beyond what the header can say: its eight bits count eighths, so that 2040 pixels are the most (RFC 2435 §3.1.5).
 * Devices write 0 then, or the low eight bits.
 */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

const WRAP = 2048;
const STEP = 8;
/** Seen from cameras that cut the size off and do not say it in SDP (go2rtc: mjpeg/rtp.go). */
const CUT_SIZES: readonly FrameSize[] = [
  { width: 2560, height: 1920 },
  { width: 2560, height: 1440 },
  { width: 3840, height: 2160 },
  { width: 2304, height: 1296 },
];

/** `said`: by SDP. Undefined if the header leaves it open and nobody says it. */
export function frameSizeOf(header: FrameSize, said: FrameSize | undefined): FrameSize | undefined {
  if (said !== undefined && isCutTo(said, header)) return said;
  const seen = CUT_SIZES.find(({ width, height }) => width % WRAP === header.width && height % WRAP === header.height);
  if (seen !== undefined) return seen;
  const width = header.width === 0 ? said?.width : header.width;
  const height = header.height === 0 ? said?.height : header.height;
  return width === undefined || height === undefined ? undefined : { width, height };
}

/** As the header would say this size: in eighths, rounded up, without what eight bits do not hold; or 0 for what is too much. */
function isCutTo(size: FrameSize, header: FrameSize): boolean {
  return cutsTo(size.width, header.width) && cutsTo(size.height, header.height);
}

function cutsTo(pixels: number, eighths: number): boolean {
  const rounded = STEP * Math.ceil(pixels / STEP);
  return (
    eighths === rounded % WRAP ||
    eighths === (STEP * Math.floor(pixels / STEP)) % WRAP ||
    (rounded >= WRAP && eighths === 0)
  );
}
