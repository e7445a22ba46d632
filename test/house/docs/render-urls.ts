import { VIEW_ROWS } from '../../../src/core/url/view.ts';
import { GENERATED, code, table } from './markdown.ts';

export function renderUrls(): string {
  const rows = VIEW_ROWS.map((row) => [
    row.form
      .split(', ')
      .map((form) => code(`/{stream}/${form}`))
      .join('<br>'),
    row.meaning,
    code(row.right),
  ]);
  return `${GENERATED}

# URLs

| what | URL |
| --- | --- |
| RTSP, read or publish | \`rtsp://host:8554/{stream}\` |
| the page | \`http://host:8080/\` |
| the API, its document | \`/api/v1/streams\`, \`/api/v1/streams/{name}\`, \`/api/v1/recordings?stream=&from=&to=\`, \`/api/v1/openapi.json\` |
| metrics, health | \`/metrics\`, \`/healthz\` (the process answers), \`/readyz\` (it does its work) |

## The views of a stream

The last part of a media URL is the view; what stands before it is the stream's name, slashes and all. A moment (\`{from}\`, \`{utc}\`) is
Unix seconds, decimals allowed, or \`20260101T100000Z\`; always UTC. A \`{duration}\` is seconds, decimals allowed.

${table(['URL', 'what it is', 'right'], rows)}

A segment may be live or recorded under the same URL: who may only \`read\` gets those that are still in the live list.
In \`/api\` a name is one part of the path, percent-encoded: \`/api/v1/streams/lobby%2Flow\`.

## Names of streams

Parts of letters, digits and \`_ ~ - .\` (not first), joined by \`/\`. The first part is none of the server's own paths (\`api\`,
\`metrics\`, \`assets\` and alike), and no part reads as a view or a track, now or in the forms that other servers made known
(\`index.m3u8\`, \`preview.jpg\`, \`seg-1.m4s\`, \`mono.m3u8\`, \`frames\`, …). Other names are refused with \`name-invalid\`, which says why.
`;
}
