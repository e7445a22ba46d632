/** docs/compatibility.md: the matrix as it was last played, and what was not played, with the reason. */
import { MATRIX_CODECS } from '../../harness/matrix/codecs.ts';
import { CELL_S, faultOf, type Seen } from '../../harness/matrix/seen.ts';
import { readSeenFile, type SeenFile } from '../../harness/matrix/seen-file.ts';
import { cellName, KNOWN_FAILURES, MATRIX_PEERS, WAYS, type MatrixPeer, type Way } from '../../harness/matrix/table.ts';
import { GENERATED, table } from './markdown.ts';

export function renderCompatibility(): string {
  const seen = readSeenFile();
  return (
    [
      GENERATED,
      '# Who plays with weir',
      INTRODUCTION,
      `Last played on ${seen.day}, on Debian 12.`,
      ...MATRIX_PEERS.map((peer) => renderPeer(peer, seen)),
      NOT_PLAYED,
    ].join('\n\n') + '\n'
  );
}

const INTRODUCTION = `Each cell is a program, a way for media and a codec, played over ${CELL_S} seconds of media by \`npm run test:long\`; \`npm run compatibility\` writes this page
from it. A cell says how many pictures came out of the decoder, and how many frames of sound where there is sound (which always has an H.264
picture beside it); ✓ means that nobody complained and nothing was lost. GStreamer and retina are told to end after 50. Ways and codecs
that a program has not stand below its table, with the reason.`;

const NOT_PLAYED = `## Not played

- gortsplib: its module is not to be had where these tests run.
- VLC: Debian builds it without RTSP.
- RTSP over WebSocket: none of these programs speaks it. Node's own WebSocket client does in \`test/e2e/tunnel.test.ts\`.
- Multicast is played in a network namespace that the test makes for itself.`;

function renderPeer(peer: MatrixPeer, { versions, cells }: SeenFile): string {
  const ways = (Object.keys(WAYS) as Way[]).filter((way) => peer.ways.includes(way));
  const rows = MATRIX_CODECS.map((codec) => [
    codec.name,
    ...ways.map((way) =>
      peer.lacksCodecs?.[codec.id] === undefined ? renderCell(cells[cellName({ peer, way, codec })]) : '—',
    ),
  ]);
  const version = versions[peer.id];
  const lacking = (Object.keys(WAYS) as Way[]).filter((way) => !ways.includes(way)).map((way) => WAYS[way]);
  const notes = [
    `Not played: ${lacking.join(', ')}: ${peer.lacks}.`,
    ...Object.entries(peer.lacksCodecs ?? {}).map(
      ([id, why]) => `Not played: ${MATRIX_CODECS.find((codec) => codec.id === id)?.name}: ${why}.`,
    ),
    ...Object.entries(KNOWN_FAILURES)
      .filter(([name]) => name.startsWith(`${peer.id}/`))
      .map(([name, why]) => `Known to fail: ${name.slice(peer.id.length + 1)}: ${why}.`),
  ];
  return [
    `## ${peer.title}${version === undefined ? '' : ` ${version}`}`,
    table(['', ...ways.map((way) => WAYS[way])], rows),
    notes.map((note) => `- ${note}`).join('\n'),
  ].join('\n\n');
}

function renderCell(seen: Seen | undefined): string {
  if (seen === undefined) return 'not run';
  const counts = [seen.pictures, seen.sounds].filter((count) => count !== undefined).join(' + ');
  return `${faultOf(seen) === undefined ? '✓' : '✗'} ${counts}`;
}
