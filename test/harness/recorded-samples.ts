/** The pictures of recordings on disk, read by another program's parser: what each is made of, and whether loss is marked in it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createFile, MP4BoxBuffer, type Sample } from 'mp4box';

export interface RecordedPicture {
  /** Of its slices: parameter sets and the like stand elsewhere in files. */
  readonly hash: string;
  readonly damaged: boolean;
}

/** H.264; `file` holds a picture track. */
export function recordedPictures(file: string): readonly RecordedPicture[] {
  const bytes = new Uint8Array(readFileSync(file));
  const parser = createFile();
  const pictures: RecordedPicture[] = [];
  parser.onReady = ({ videoTracks }) => {
    for (const { id } of videoTracks) parser.setExtractionOptions(id, undefined, { nbSamples: 1 });
    parser.start();
  };
  parser.onSamples = (_id, _user, samples: readonly Sample[]) => {
    for (const { data, degradation_priority } of samples)
      pictures.push({ hash: slicesHash(nalUnits(data ?? new Uint8Array())), damaged: degradation_priority > 0 });
  };
  parser.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.buffer, 0));
  parser.flush();
  return pictures;
}

export function slicesHash(units: Iterable<Uint8Array>): string {
  const hash = createHash('md5');
  for (const unit of units) if (((unit[0] ?? 0) & 0x1f) <= 5) hash.update(unit);
  return hash.digest('hex');
}

/** NAL units with their lengths before them, 4 bytes each. */
function* nalUnits(sample: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(sample.buffer, sample.byteOffset, sample.length);
  for (let at = 0; at + 4 <= sample.length;) {
    const end = at + 4 + view.getUint32(at);
    yield sample.subarray(at + 4, end);
    at = end;
  }
}
