import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JPEG_FORMAT } from '../core/codec/mjpeg/jpeg-format.table.ts';
import type { Batch } from './batch.ts';
import { ParameterLearner } from './parameter-learner.ts';

test('ONVIF JPEG: the size that stands in the RTP header extension reaches the description', () => {
  // A start of frame of 2592 × 1944 in five words; JPEG header and a scan behind it.
  const extension = 'ffd80005ffffc000110807980a2003012200021101031101';
  const packet = Buffer.from(`909a00010000000000000007${extension}0000000001320000aabbcc`, 'hex');
  const buffer = Buffer.concat([Buffer.of(0x24, 0, 0, packet.length), packet]);
  const times = { arrivalMs: 0, arrivalUtcMs: 0, ticks: 0 };
  const batch: Batch = { track: 0, buffer, packets: 1, ...times, key: true, lostBefore: 0, frameEnd: true };
  const shape = new ParameterLearner(JPEG_FORMAT).learn(JPEG_FORMAT, batch)?.parameters?.shape;
  assert.deepEqual(shape?.media === 'video' && [shape.width, shape.height], [2592, 1944]);
});
