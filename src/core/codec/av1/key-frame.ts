/** Where a decoder of AV1 can begin (AV1 bitstream specification §7.6): a key frame that is shown. */
import { OBU_FRAME, OBU_FRAME_HEADER, obuType } from './obu.ts';

/**
 * Whether an OBU is, or begins, the header of a key frame that is shown: show_existing_frame:1=0 frame_type:2=0 show_frame:1=1.
 */
export function isKeyFrame(header: number, firstPayloadByte: number): boolean {
  return isFrame(obuType(header)) && (firstPayloadByte & 0xf0) === 0x10;
}

export function isFrame(type: number): boolean {
  return type === OBU_FRAME || type === OBU_FRAME_HEADER;
}
