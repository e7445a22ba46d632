import type { TrackFormat } from '../track-format.ts';

/** JPEG as RFC 2435 announces it, nothing known of its pictures. */
export const JPEG_FORMAT: TrackFormat = {
  media: 'video',
  encoding: 'JPEG',
  clockRate: 90_000,
  payloadType: 26,
  fmtp: new Map(),
  parameters: undefined,
};
