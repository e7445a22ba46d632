import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bannerText } from './banner.ts';
import { parseSettings } from './config/load-settings.ts';
import type { ListenAddress } from './config/settings.ts';
import { StreamRules } from './stream/stream-rules.ts';

const PULLED = "{ source: 'rtsp://192.0.2.1/' }";

function bannerOf(streams: string, rtsps?: ListenAddress): string {
  const text = `streams: ${streams}`;
  const settings = parseSettings({ path: '/weir.yml', text }, { env: {}, folder: '/' });
  const at = { host: '::', port: 8554 };
  const rules = new StreamRules(settings.streams);
  return bannerText({ version: '1', rtsp: at, rtsps, http: at, streams: rules, configFile: '/weir.yml' });
}

const PUBLISH_ROWS: readonly (readonly [what: string, streams: string, published: string | undefined])[] = [
  ['a name of its own before a pattern', "{ 'drone/*': { source: publish }, door: { source: publish } }", 'door'],
  ['an example of a pattern', `{ yard: ${PULLED}, 'drone/*': { source: publish } }`, 'drone/NAME'],
  ['any name', "{ '**': { source: publish } }", 'NAME'],
  ['several wildcards', "{ 'a-*/b/**': { source: publish } }", 'a-NAME/b/NAME'],
  ['an example that has another source', `{ x-NAME: ${PULLED}, 'x-*': { source: publish } }`, undefined],
  ['nothing to publish', `{ yard: ${PULLED} }`, undefined],
];

for (const [what, streams, published] of PUBLISH_ROWS) {
  test(`how to publish: ${what}`, () => {
    const line = bannerOf(streams)
      .split('\n')
      .find((each) => each.startsWith('  publish'));
    assert.equal(line?.split('rtsp://127.0.0.1:8554/')[1], published);
  });
}

test('TLS stands below what it is another door to', () => {
  const streams = `{ yard: ${PULLED} }`;
  assert.deepEqual(urls(bannerOf(streams)), ['rtsp://127.0.0.1:8554/yard']);
  assert.deepEqual(urls(bannerOf(streams, { host: '::', port: 8322 })), [
    'rtsp://127.0.0.1:8554/yard',
    'rtsps://127.0.0.1:8322/yard',
  ]);
});

function urls(text: string): readonly string[] {
  return [...text.matchAll(/rtsps?:\/\/127\S+/g)].map(([url]) => url);
}
