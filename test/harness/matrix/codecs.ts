/** What the compatibility matrix carries: a codec a row, sound always with a picture, so that sessions have two tracks. */
export interface MatrixCodec {
  readonly name: string;
  /** In names of streams, mounts and files. */
  readonly id: string;
  readonly picture: Track;
  readonly sound?: Track;
}

/** One track for each of the programs. */
interface Track {
  /** ffmpeg's encoder and its options, for the clip. */
  readonly ffmpeg: string;
  /** GStreamer: from raw media to what a payloader takes. */
  readonly encode: string;
  /** GStreamer's payloader. */
  readonly pay: string;
  /** GStreamer: from RTP to raw media. */
  readonly decode: string;
}

const H264: Track = {
  ffmpeg: 'libx264 -preset ultrafast -tune zerolatency -bf 0 -g 25 -sc_threshold 0 -pix_fmt yuv420p',
  encode: 'x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! h264parse',
  pay: 'rtph264pay',
  decode: 'rtph264depay ! h264parse ! avdec_h264',
};

const H265: Track = {
  ffmpeg:
    'libx265 -preset ultrafast -tune zerolatency -g 25 -pix_fmt yuv420p -x265-params log-level=none:open-gop=0:scenecut=0',
  encode: 'x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 log-level=none ! h265parse',
  pay: 'rtph265pay',
  decode: 'rtph265depay ! h265parse ! avdec_h265',
};

const MJPEG: Track = {
  ffmpeg: 'mjpeg -q:v 5 -pix_fmt yuvj420p -huffman default -force_duplicated_matrix 1',
  encode: 'jpegenc',
  pay: 'rtpjpegpay',
  decode: 'rtpjpegdepay ! jpegdec',
};

const AAC: Track = {
  ffmpeg: 'aac -b:a 64k',
  encode: 'avenc_aac ! aacparse',
  pay: 'rtpmp4gpay',
  decode: 'rtpmp4gdepay ! aacparse ! avdec_aac',
};

const G711: Track = {
  ffmpeg: 'pcm_alaw -ar 8000 -ac 1',
  encode: 'audio/x-raw,rate=8000,channels=1 ! alawenc',
  pay: 'rtppcmapay',
  decode: 'rtppcmadepay ! alawdec',
};

const OPUS: Track = {
  ffmpeg: 'libopus -b:a 48k',
  encode: 'opusenc',
  pay: 'rtpopuspay',
  decode: 'rtpopusdepay ! opusdec',
};

export const MATRIX_CODECS: readonly MatrixCodec[] = [
  { name: 'H.264', id: 'h264', picture: H264 },
  { name: 'H.265', id: 'h265', picture: H265 },
  { name: 'AAC', id: 'aac', picture: H264, sound: AAC },
  { name: 'G.711', id: 'g711', picture: H264, sound: G711 },
  { name: 'Opus', id: 'opus', picture: H264, sound: OPUS },
  { name: 'MJPEG', id: 'mjpeg', picture: MJPEG },
];

/** GStreamer's sources of raw media, as a camera has them. */
export const RAW_PICTURE = 'videotestsrc is-live=true ! video/x-raw,format=I420,width=320,height=180,framerate=25/1';
export const RAW_SOUND = 'audiotestsrc is-live=true ! audioconvert ! audioresample';
