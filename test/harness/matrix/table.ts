/** The compatibility matrix: who plays with weir in which way, and why the rest is not played. */
import type { Peer } from '../peers.ts';
import { MATRIX_CODECS, type MatrixCodec } from './codecs.ts';

export const WAYS = {
  'read-tcp': 'reads TCP',
  'read-udp': 'reads UDP',
  'read-multicast': 'reads multicast',
  'read-tls': 'reads TLS',
  'read-tunnel': 'reads HTTP tunnel',
  'publish-tcp': 'publishes TCP',
  'publish-udp': 'publishes UDP',
  'pulled-tcp': 'pulled TCP',
  'pulled-udp': 'pulled UDP',
  'pulled-multicast': 'pulled multicast',
  'pulled-tls': 'pulled TLS',
  'pulled-tunnel': 'pulled HTTP tunnel',
} as const;
export type Way = keyof typeof WAYS;

export interface MatrixPeer {
  readonly id: PeerId;
  readonly title: string;
  readonly needs: readonly Peer[];
  readonly ways: readonly Way[];
  /** Why it has not the other ways. */
  readonly lacks: string;
  /** Codecs that it has not, and why. */
  readonly lacksCodecs?: Readonly<Record<string, string>>;
}
export type PeerId = 'ffmpeg' | 'gstreamer' | 'gst-rtsp-server' | 'retina' | 'weir';

const READS = ['read-tcp', 'read-udp', 'read-multicast', 'read-tls', 'read-tunnel'] as const;
const PUBLISHES = ['publish-tcp', 'publish-udp'] as const;
const PULLED = ['pulled-tcp', 'pulled-udp', 'pulled-multicast', 'pulled-tls', 'pulled-tunnel'] as const;

export const MATRIX_PEERS: readonly MatrixPeer[] = [
  {
    id: 'ffmpeg',
    title: 'FFmpeg',
    needs: ['ffmpeg'],
    ways: [...READS, ...PUBLISHES],
    lacks: 'it is no RTSP server that could be pulled from',
  },
  {
    id: 'gstreamer',
    title: 'GStreamer (rtspsrc, rtspclientsink)',
    needs: ['ffmpeg', 'gstreamer', 'rtspclientsink'],
    ways: [...READS, ...PUBLISHES],
    lacks: 'its server is gst-rtsp-server',
  },
  {
    id: 'gst-rtsp-server',
    title: 'gst-rtsp-server',
    needs: ['ffmpeg', 'gst-rtsp-server'],
    ways: PULLED,
    lacks: 'it is a server: it neither reads nor publishes',
  },
  {
    id: 'retina',
    title: 'retina',
    needs: ['ffmpeg', 'cargo'],
    ways: ['read-tcp', 'read-udp'],
    lacks: 'retina has no multicast, no TLS and no tunnel; it neither publishes nor serves',
    lacksCodecs: { opus: 'retina has no depacketizer for Opus' },
  },
  {
    id: 'weir',
    title: 'another weir',
    needs: ['ffmpeg'],
    ways: PULLED,
    lacks: 'weir reads other servers by pulling from them',
  },
];

export interface Cell {
  readonly peer: MatrixPeer;
  readonly way: Way;
  readonly codec: MatrixCodec;
}

/** What is played: each name is `peer/way/codec`. */
export function matrixCells(): readonly Cell[] {
  return MATRIX_PEERS.flatMap((peer) =>
    peer.ways.flatMap((way) =>
      MATRIX_CODECS.filter((codec) => peer.lacksCodecs?.[codec.id] === undefined).map((codec) => ({
        peer,
        way,
        codec,
      })),
    ),
  );
}

/** Those that need a network of their own, so that nobody else sends to the same groups. */
export function isMulticast({ way }: Cell): boolean {
  return way.endsWith('-multicast');
}

export function cellName({ peer, way, codec }: Cell): string {
  return `${peer.id}/${way}/${codec.id}`;
}

/** Cells that are known to fail, and whose fault it is: each is played all the same, and one that works fails the test. */
export const KNOWN_FAILURES: Readonly<Record<string, string>> = {};
