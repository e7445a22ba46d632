/** Of the compatibility matrix one cell of each row and each column; all of it is in test/long. */
import assert from 'node:assert/strict';
import { peerTest } from '../harness/peers.ts';
import { faultsOf, MATRIX_NEEDS, playMatrix } from '../harness/matrix/matrix.ts';
import { cellName, matrixCells, MATRIX_PEERS, WAYS } from '../harness/matrix/table.ts';
import { MATRIX_CODECS } from '../harness/matrix/codecs.ts';

const CELLS = new Set([
  'ffmpeg/read-tls/mjpeg',
  'ffmpeg/read-tunnel/opus',
  'ffmpeg/publish-udp/h265',
  'gstreamer/read-udp/aac',
  'gstreamer/publish-tcp/g711',
  'gstreamer/read-multicast/h264',
  'gst-rtsp-server/pulled-udp/aac',
  'gst-rtsp-server/pulled-tls/h264',
  'gst-rtsp-server/pulled-tunnel/g711',
  'retina/read-tcp/aac',
  'weir/pulled-multicast/opus',
  'weir/pulled-tcp/mjpeg',
]);

peerTest('of the compatibility matrix a cell of each row and column', MATRIX_NEEDS, async (context) => {
  const cells = matrixCells().filter((cell) => CELLS.has(cellName(cell)));
  assert.equal(cells.length, CELLS.size, 'every name is a cell');
  assert.equal(new Set(cells.map(({ peer }) => peer)).size, MATRIX_PEERS.length);
  assert.equal(new Set(cells.map(({ way }) => way)).size, Object.keys(WAYS).length);
  assert.equal(new Set(cells.map(({ codec }) => codec)).size, MATRIX_CODECS.length);
  const { seen, notRun } = await playMatrix(context, cells, false);
  for (const [name, reason] of notRun) await context.test(name, { skip: reason });
  assert.deepEqual(faultsOf(seen), []);
});
