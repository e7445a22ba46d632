import assert from 'node:assert/strict';
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { WeirError } from '../core/errors.ts';
import { environmentKeys, unknownVariables } from './environment.ts';
import { keyTree } from './key-tree.ts';
import { loadSettings, parseSettings } from './load-settings.ts';
import type { Settings } from './settings.ts';

const DESIGN = `
data: ./data
rtsp: { listen: ':8554' }
http: { listen: '[::1]:8080', hosts: [ NVR.example.org ] }
hls: { part: 0.5s, segment: 2s }
access:
  users:
    - { name: ann, password: secret, may: [ read, publish, playback, manage ] }
    - { name: bob, password: other, streams: [ 'lobby/**' ] }
storages:
  main: { path: ./data/recordings, keep: { age: 7d, size: 500GB, free: 5% }, sync: 10s }
  fast: { path: /mnt/fast, keep: { free: 20GiB } }
defaults: { record: true }
streams:
  lobby:     { source: 'rtsp://user:pass@192.0.2.10/main', keep: { age: 30d }, timeouts: { idle: 5s } }
  lobby/low: { source: 'rtsp://user:pass@192.0.2.10/sub', onDemand: true, record: false }
  drone/*:   { source: publish, takeover: false, storage: fast }
  demo:      { source: test-pattern }
  loop:      { source: 'file:intro.mp4' }
`;

function parse(text: string, env: Record<string, string> = {}): Settings {
  return parseSettings({ path: '/etc/weir/weir.yml', text }, { env, folder: '/elsewhere' });
}

function faultOf(text: string, env: Record<string, string> = {}): WeirError {
  try {
    parse(text, env);
  } catch (error) {
    if (error instanceof WeirError) return error;
  }
  assert.fail(`no error for ${text}`);
}

test('the whole of it', () => {
  const settings = parse(DESIGN);
  assert.equal(settings.dataFolder, '/etc/weir/data');
  assert.equal(settings.filesFolder, '/etc/weir/files');
  assert.deepEqual(settings.http, { listen: { host: '::1', port: 8080 }, hosts: ['nvr.example.org'] });
  assert.match(settings.rtsp.listen.host, /^(?:::|0\.0\.0\.0)$/);
  assert.deepEqual(settings.hls, { partMs: 500, segmentMs: 2000 });
  assert.deepEqual(settings.storages.get('main'), {
    name: 'main',
    path: '/etc/weir/data/recordings',
    keep: { ageMs: 604_800_000, bytes: 500e9, free: { share: 0.05 } },
    syncMs: 10_000,
  });
  assert.deepEqual(settings.storages.get('fast')?.keep, {
    ageMs: undefined,
    bytes: undefined,
    free: { bytes: 20 * 2 ** 30 },
  });
  assert.deepEqual(settings.streams.get('lobby'), {
    name: 'lobby',
    source: {
      kind: 'rtsp',
      url: 'rtsp://user:pass@192.0.2.10/main',
      transport: 'auto',
      timeouts: { connectMs: 10_000, firstByteMs: 15_000, idleMs: 5000 },
    },
    alternatives: [],
    record: true,
    onDemand: false,
    onDemandIdleMs: 10_000,
    storage: 'main',
    keep: { ageMs: 30 * 86_400_000, bytes: undefined, free: undefined },
    declaredAt: 'weir.yml:15',
  });
  assert.equal(settings.streams.get('lobby/low')?.keep.ageMs, 604_800_000, "the storage's age");
  assert.deepEqual(settings.streams.get('drone/*')?.source, { kind: 'publish', takeover: false });
  assert.deepEqual(settings.streams.get('loop')?.source, { kind: 'file', path: '/etc/weir/files/intro.mp4' });
  assert.deepEqual(settings.access.kind === 'users' ? settings.access.users[1] : undefined, {
    name: 'bob',
    password: 'other',
    may: ['read', 'playback'],
    streams: ['lobby/**'],
  });
});

test('several sources: the first is preferred, and what goes with them goes with all', () => {
  const yard = parse(
    `defaults: { onDemandIdle: 1m }
streams:
  yard: { sources: [ 'rtsp://a/1', 'rtsps://b/1', 'file:away.mp4' ], transport: tcp, timeouts: { idle: 5s }, onDemand: true }`,
  ).streams.get('yard');
  const timeouts = { connectMs: 10_000, firstByteMs: 15_000, idleMs: 5000 };
  assert.deepEqual(
    [yard?.source, ...(yard?.alternatives ?? [])],
    [
      { kind: 'rtsp', url: 'rtsp://a/1', transport: 'tcp', timeouts },
      { kind: 'rtsp', url: 'rtsps://b/1', transport: 'tcp', timeouts },
      { kind: 'file', path: '/etc/weir/files/away.mp4' },
    ],
  );
  assert.deepEqual([yard?.onDemand, yard?.onDemandIdleMs], [true, 60_000]);
});

test('without anything: the demo, publishing, this machine only', () => {
  const settings = parseSettings(undefined, { env: {}, folder: '/here' });
  assert.deepEqual([...settings.streams.keys()], ['demo', '**']);
  assert.equal(settings.streams.get('demo')?.record, true);
  assert.equal(settings.streams.get('demo')?.keep.ageMs, 3_600_000);
  assert.equal(settings.dataFolder, '/here/data');
  assert.deepEqual(settings.access, { kind: 'local' });
  assert.deepEqual(settings.rtsp.listen, { host: '127.0.0.1', port: 8554 });
});

test('a file with nothing in it but comments has no streams', () => {
  assert.equal(parse('# later\n').streams.size, 0);
  assert.equal(parse('streams:\nhttp:\n').streams.size, 0);
});

test('every error names the key, the place and what was expected', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['rtsp: { listen: abc }', /^rtsp\.listen: 'abc' is wrong at weir\.yml:1:17; expected a port such as :8554/],
    ['rtsp:\n  lisen: :8554', /^rtsp\.lisen: there is no such key \(did you mean listen\?\) at weir\.yml:2:3$/],
    ['zzzzzzz: 1', /^zzzzzzz: there is no such key \(data, rtsp, http, hls,/],
    [
      'rtsp: { udpPort: 8001 }',
      /^rtsp\.udpPort: 8001 is wrong at weir\.yml:1:18; expected an even port such as 8000, or off$/,
    ],
    ['rtsp: { udpPorts: 8999-8100 }', /^rtsp\.udpPorts: '8999-8100' is wrong .* expected a range of ports/],
    [
      'rtsp: { multicast: { range: 192.168.0.0/16 } }',
      /^rtsp\.multicast\.range: .* expected a range of multicast addresses/,
    ],
    [
      'rtsp: { multicast: { port: 65506 } }',
      /^rtsp\.multicast\.port: 65506 is wrong .* expected an even port such as 8002, up to 65504/,
    ],
    ['rtsp: { multicast: { ttl: 0 } }', /^rtsp\.multicast\.ttl: 0 is wrong .* expected a number from 1 to 255/],
    ['rtsp: { tls: { cert: c.pem } }', /^rtsp\.tls\.key: /],
    [
      'rtsp: { tls: { cert: c.pem, key: k.pem, listen: 0.0.0.0:8322 } }',
      /^rtsp\.tls\.listen: '0\.0\.0\.0' can be reached/,
    ],
    ['hls: { segment: 20s }', /^hls\.segment: '20s' is wrong at weir\.yml:1:17; expected a duration .* from 1s to 6s/],
    ['hls: { part: 5 }', /^hls\.part: 5 is wrong/],
    ['access: opne', /^access: 'opne' is wrong at weir\.yml:1:9; expected open, or users:/],
    [
      'access: { users: [ { nam: ann, password: x } ] }',
      /access\.users\[0\]\.name: this key is missing at weir\.yml:1:20/,
    ],
    [
      'access: { users: [ { name: ann, password: 12345 } ] }',
      /^access\.users\[0\]\.password: \*\*\* is wrong .* in quotes if it is a number/,
    ],
    [
      'access: { users: [ { name: ann, password: x, may: [ fly ] } ] }',
      /may\[0\]: 'fly' is wrong .*one of read, publish, playback, manage/,
    ],
    ['access: { users: [] }', /^access\.users: a list is wrong/],
    [
      'access: { users: [ { name: a, password: x }, { name: a, password: y } ] }',
      /^access\.users\[1\]\.name: 'a' is there twice/,
    ],
    ['streams: { lobby: }', /^streams\.lobby: nothing is wrong at .*; expected a map with the keys source,/],
    ['streams: { lobby: {} }', /^streams\.lobby\.source: this key is missing/],
    [
      'streams:\n  lobby:\n    source: http://x',
      /^streams\.lobby\.source: 'http:\/\/x' is no source at weir\.yml:3:13; expected publish,/,
    ],
    [
      'streams: { lobby: { source: "rtsp://u:p/w@host/x" } }',
      /^streams\.lobby\.source: 'rtsp:\/\/\*\*\*@host\/x' cannot be used: .*%2F/,
    ],
    ['streams: { lobby: { source: rtsp:///x } }', /no usable host/],
    [
      'streams: { lobby: { source: test-pattern, sources: [ test-pattern ] } }',
      /^streams\.lobby\.sources: this goes instead of source, not beside it at weir\.yml:1/,
    ],
    ['streams: { lobby: { sources: [] } }', /^streams\.lobby\.sources: a list is wrong .* a list of 1 to 8 sources/],
    [
      'streams: { lobby: { sources: [ test-pattern, publish ] } }',
      /^streams\.lobby\.sources\[1\]: publish is no source among others/,
    ],
    [
      'streams: { lobby: { sources: [ "rtsp://a/1", "rtsp://u:p/w@b/1" ] } }',
      /^streams\.lobby\.sources\[1\]: 'rtsp:\/\/\*\*\*@b\/1' cannot be used/,
    ],
    ['streams: { "a/*": { sources: [ test-pattern ] } }', /pattern, which goes with source: publish only/],
    [
      'streams: { a: { sources: [ test-pattern, "file:x.mp4" ], transport: tcp } }',
      /transport: this goes with rtsp:\/\/ only, not with test-pattern/,
    ],
    ['streams: { a: { source: publish, onDemandIdle: 5s } }', /onDemandIdle: this goes with sources that weir opens/],
    ['streams: { a: { source: test-pattern, onDemandIdle: 2d } }', /'2d' is wrong .* from 0\.1s to 3600s/],
    ['streams: { lobby: { source: "file:../x.mp4" } }', /leads out of the files folder/],
    ['streams: { lobby: { source: "file:/etc/passwd" } }', /leads out of the files folder/],
    [
      'streams: { lobby: { source: publish, transport: tcp } }',
      /transport: this goes with rtsp:\/\/ only, not with publish/,
    ],
    ['streams: { lobby: { source: test-pattern, takeover: true } }', /takeover: this goes with publish only/],
    ['streams: { lobby: { source: publish, record: yes } }', /record: 'yes' is wrong .*true or false/],
    [
      'streams: { api/x: { source: publish } }',
      /^streams\.api\/x: 'api\/x' is not a stream name: 'api' is a path of the server itself at weir\.yml:1:12/,
    ],
    ['streams: { a/seg-1.m4s: { source: publish } }', /the name of a view/],
    ['streams: { "a/*": { source: test-pattern } }', /pattern, which goes with source: publish only/],
    ['streams: { a: { source: publish, storage: nas } }', /storage: there is no storage 'nas' .*expected main/],
    ['storages: { a: { path: ./x }, b: { path: ./x/y } }', /^storages\.b\.path: the folder is that of storage a/],
    ['storages: { a: { path: ./x, keep: { free: 200% } } }', /free: '200%' is wrong .*a share of the disk/],
    ['storages: { "a b": { path: ./x } }', /^storages\.a b: this name cannot be used/],
    [
      'rtsp: { listen: "0.0.0.0:8554" }',
      /can be reached from other machines.*; expected access: \{ users: \[ … \] \} or access: open/,
    ],
    ['- 1', /^the file: a list is wrong/],
  ];
  for (const [text, expected] of rows) {
    const error = faultOf(text);
    assert.equal(error.code, 'config-invalid', text);
    assert.match(error.describe(), expected, text);
  }
});

test('several errors are all said, a line each', () => {
  const lines = faultOf('hls: { part: x, segment: y }\nrtsp: { lisen: 1 }').describe().split('\n');
  assert.equal(lines.length, 3);
  for (const line of lines) assert.match(line, / at weir\.yml:[12]:\d+/);
  assert.match(
    faultOf(
      `streams: { ${'x y: 1, '.repeat(0)}${Array.from({ length: 30 }, (_, n) => `s${n}: 1`).join(', ')} }`,
    ).describe(),
    /and 10 more$/,
  );
});

test('mistakes of form and of meaning are said together, and none that only follows from another', () => {
  const rows: readonly (readonly [string, readonly RegExp[]])[] = [
    [
      'hls: { part: x }\nstreams: { a: { source: ftp://x }, api/b: { source: publish } }',
      [/^hls\.part: 'x' is wrong/, /^streams\.a\.source: 'ftp:\/\/x' is no source at weir\.yml:2/, /'api' is a path/],
    ],
    ['streams: { a: { source: ftp://x, sauce: 1 } }', [/^streams\.a\.sauce: there is no/, /^streams\.a\.source: /]],
    [
      'streams: { a: {}, b: { source: x, storage: nas } }',
      [/a\.source: this key is missing/, /no storage 'nas'/, /'x' is no source/],
    ],
    [
      'streams: { a: { source: 5 }, b: { sources: [ 5 ] } }',
      [/^streams\.a\.source: 5 is/, /^streams\.b\.sources\[0\]: /],
    ],
    [
      'access: { users: [ { name: 1 } ] }\nrtsp: { listen: "0.0.0.0:1" }\nstreams: { a/b: { source: x } }',
      [/users\[0\]\.name/, /users\[0\]\.password/, /^streams\.a\/b\.source/],
    ],
    [
      'access: { users: [ { name: a, password: x }, { name: a, password: x } ] }\nhls: { part: x }',
      [/^hls\.part/, /^access\.users\[1\]\.name: 'a' is there twice/],
    ],
    ['storages: { nas: { path: 1 } }\nstreams: { a: { source: publish, storage: nas } }', [/^storages\.nas\.path: 1/]],
    [
      'data: [ 1 ]\nhttp: { listen: "0.0.0.0:1" }',
      [/^data: a list is wrong/, /^http\.listen: '0\.0\.0\.0' can be reached/],
    ],
    ['streams: { a: 1, constructor: { source: x } }', [/^streams\.a/, /constructor/]],
  ];
  for (const [text, expected] of rows) {
    const lines = faultOf(text).describe().split('\n');
    assert.equal(lines.length, expected.length, lines.join('\n'));
    for (const [index, line] of lines.entries()) assert.match(line, expected[index] ?? /nothing/, text);
  }
});

test('what is no YAML names its line', () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    ['a: [1, 2\n', /weir\.yml:2:1/],
    ['rtsp: {}\nrtsp: {}\n', /unique at weir\.yml:2:1/],
    ['rtsp:\n\tlisten: 1\n', /[Tt]abs .* at weir\.yml:2:1/],
    ['data: *nothing\n', /alias/],
    ['data: "half', /quote at weir\.yml:1/],
    ['', /the file is empty/],
    [' \n\n', /the file is empty/],
  ];
  for (const [text, expected] of rows) {
    const error = faultOf(text);
    assert.equal(error.code, 'config-syntax', text);
    assert.match(error.describe(), expected, text);
  }
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${`*${'abcdefghi'[index]},`.repeat(9)}]`),
  ];
  assert.equal(faultOf(bomb.join('\n')).code, 'config-syntax');
});

test('every prefix of a good file is understood or an error with a code', () => {
  for (let end = 0; end < DESIGN.length; end++) {
    try {
      parse(DESIGN.slice(0, end));
    } catch (error) {
      assert.ok(
        error instanceof WeirError && /^config-(?:syntax|invalid)$/.test(error.code),
        `at ${end}: ${String(error)}`,
      );
    }
  }
});

test('a name of the language is no key', () => {
  for (const key of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    assert.match(faultOf(`${key}: 1`).describe(), /there is no such key/, key);
    assert.match(faultOf(`rtsp: { ${key}: 1 }`).describe(), /there is no such key/, key);
  }
});

test('the environment wins over the file and is named in errors', () => {
  const settings = parse('http: { listen: :1, hosts: [ a ] }', {
    WEIR_HTTP_LISTEN: ':2',
    WEIR_DEFAULTS_RECORD: 'true',
    WEIR_ACCESS: 'open',
  });
  assert.equal(settings.http.listen.port, 2);
  assert.deepEqual(settings.http.hosts, ['a']);
  assert.equal(settings.access.kind, 'open');
  assert.equal(faultOf('data: x', { WEIR_RTSP_LISTEN: 'abc' }).place, 'WEIR_RTSP_LISTEN');
  assert.equal(faultOf('data: x', { WEIR_RTSP_LISTEN: '1.2.3.4:5' }).place, 'WEIR_RTSP_LISTEN');
  assert.match(
    faultOf('data: x', { WEIR_DEFAULTS_ON_DEMAND: 'maybe' }).describe(),
    /^defaults\.onDemand: 'maybe' is wrong/,
  );
  const tree = keyTree();
  assert.ok(environmentKeys(tree).some((key) => key.variable === 'WEIR_HLS_SEGMENT'));
  assert.deepEqual(
    unknownVariables(
      { WEIR_RTSP_LISTN: 'x', WEIR_RTSP_LISTEN: ':1', WEIR_SERVICE_HOST: 'x', WEIR_PORT_8554_TCP: 'x', HOME: '/' },
      tree,
    ),
    ['WEIR_RTSP_LISTN'],
  );
});

test('files: found in the folder, told when missing, links followed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-config-'));
  try {
    assert.equal(loadSettings({ file: undefined, env: {}, folder }).streams.has('demo'), true);
    assert.throws(() => loadSettings({ file: 'nothing.yml', env: {}, folder }), {
      code: 'config-unreadable',
      place: join(folder, 'nothing.yml'),
    });
    assert.throws(() => loadSettings({ file: '.', env: {}, folder }), { code: 'config-unreadable' });
    mkdirSync(join(folder, 'files'));
    writeFileSync(join(folder, 'secret.mp4'), '');
    symlinkSync(join(folder, 'secret.mp4'), join(folder, 'files', 'link.mp4'));
    writeFileSync(join(folder, 'weir.yml'), 'streams: { a: { source: "file:link.mp4" } }');
    assert.throws(() => loadSettings({ file: undefined, env: {}, folder }), /leads out/);
    writeFileSync(join(folder, 'weir.yml'), 'streams: { a: { source: "file:sub/b.mp4" } }');
    assert.deepEqual(loadSettings({ file: undefined, env: {}, folder }).streams.get('a')?.source, {
      kind: 'file',
      path: join(folder, 'files/sub/b.mp4'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
