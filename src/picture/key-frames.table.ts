/**
 * Key frames of 96 × 64 pixels, the left half white, the right half red, as depacketizers give them. Made with
 * `ffmpeg -f lavfi -i color=red:s=96x64,drawbox=w=48:h=64:color=white:t=fill -frames:v 1`, libx264 (sample aspect 2:1) and libx265, SEI and
 * delimiters taken out.
 */
import assert from 'node:assert/strict';
import { h264ParametersOf } from '../core/codec/h264/parameter-sets.ts';
import { h265ParametersOf } from '../core/codec/h265/parameter-sets.ts';
import type { MuxableParameters } from '../core/codec/codec-parameters.ts';

export interface KeyFrame {
  readonly parameters: MuxableParameters;
  readonly nals: readonly Uint8Array[];
}

const H264_SETS = [hex('6764000aac72044626c404000003000400000300c83c48961180'), hex('68e843844b22c0')];

export const H264_KEY_FRAME: KeyFrame = {
  parameters: parametersOf(h264ParametersOf(H264_SETS)),
  nals: [hex('65888100057ffeedcfe05328416c9648d5ecc041c0d329dcd8d36bb1bd8599b7f5b330e08601373ec0a5936681')],
};

const H265_SETS = [
  hex('40010c01ffff01600000030090000003000003001e959809'),
  hex('42010101600000030090000003000003001ea030810596566924caf0168080000003008000000c84'),
  hex('4401c172b42240'),
];

export const H265_KEY_FRAME: KeyFrame = {
  parameters: parametersOf(h265ParametersOf(H265_SETS)),
  nals: [hex('2801af0960f929e371e1d961767fd8b97d8ea585dd965e28a61e')],
};

function parametersOf(parameters: MuxableParameters | undefined): MuxableParameters {
  assert(parameters !== undefined);
  return parameters;
}

function hex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** Width and height that a JPEG states in its start of frame (ITU-T T.81 §B.2.2). */
export function jpegSize(bytes: Uint8Array): readonly [number, number] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8 || view.getUint16(bytes.length - 2) !== 0xffd9) return undefined;
  for (let at = 2; at + 9 < bytes.length; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker >= 0xffc0 && marker <= 0xffc2) return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
  return undefined;
}
