/**
 * A process with one HLS viewer for each playlist URL in its arguments: reads the media list every two seconds and each new segment once, as a player does.
 * Answers 'total' with the bytes read so far.
 */
const REFRESH_MS = 2_000;
let total = 0;

for (const url of process.argv.slice(2)) void view(url);
process.on('message', () => process.send?.(total));
process.send?.('ready');

async function view(multivariant: string): Promise<void> {
  const seen = new Set<string>();
  const media = new URL(lastUri(await text(multivariant)), multivariant).href;
  setInterval(() => void refresh(media, seen), REFRESH_MS);
}

async function refresh(media: string, seen: Set<string>): Promise<void> {
  for (const uri of uris(await text(media))) {
    if (seen.has(uri)) continue;
    seen.add(uri);
    const response = await fetch(new URL(uri, media));
    total += (await response.arrayBuffer()).byteLength;
  }
}

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  const body = await response.text();
  total += body.length;
  return body;
}

function uris(playlist: string): readonly string[] {
  return playlist.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function lastUri(playlist: string): string {
  return uris(playlist).at(-1) ?? '';
}
