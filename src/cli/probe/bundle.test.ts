import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Bundle } from './bundle.ts';
import type { ProbeReport } from './probe-report.ts';

test('the report at the end of a bundle is redacted whole, but for words of our own', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bundle-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const url = 'rtsp://video:geheim99@garden.example/main';
  const bundle = new Bundle(url, 'auto', 0);
  const place = join(folder, 'x');
  bundle.said({ ms: 1, kind: 'unreadable', reason: 'What came is not RTSP: "GET gehe…"' });
  bundle.save(place, {
    url,
    server: 'Cam AB12CD34EF56 of video at 192.168.1.9',
    methods: ['OPTIONS'],
    transport: 'tcp',
    transports: { tcp: 'works' },
    describedMs: 1,
    firstMediaMs: null,
    firstKeyFrameMs: null,
    tracks: [],
    skipped: [{ section: 1, media: 'video', reason: 'control rtsp://garden.example/geheim99' }],
    faults: {},
    error: { code: 'source-refused', message: 'Refused at fe80::4619:b6ff:fe12:3456', remedy: 'Look.' },
  });
  const lines = readFileSync(place, 'utf8').trimEnd().split('\n');
  assert.equal((JSON.parse(lines[0] ?? '') as { readonly url: string }).url, 'rtsp://camera/main');
  assert.equal(lines[1], JSON.stringify({ ms: 1, unreadable: 'What came is not RTSP: "GET …"' }));
  const { report } = JSON.parse(lines.at(-1) ?? '') as { readonly report: ProbeReport };
  assert.deepEqual(
    [report.url, report.server, report.methods, report.transports, report.skipped, report.error?.message],
    [
      'rtsp://camera/main',
      'Cam serial-1 of *** at 192.0.2.1',
      ['OPTIONS'],
      { tcp: 'works' },
      [{ section: 1, media: 'video', reason: 'control rtsp://camera/***' }],
      'Refused at 2001:db8::2',
    ],
  );
});
