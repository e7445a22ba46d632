import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WeirError } from '../../errors.ts';
import { RtspHeaders } from './headers.ts';
import { serialiseMethods } from './method-list.ts';
import { cseqOf, parseHead } from './parse-head.ts';
import { parseRange, serialiseRange, type RtspRange } from './range.ts';
import { serialiseRtpInfo } from './rtp-info.ts';
import { parseRtspUrl } from './rtsp-url.ts';
import { RtspFramer } from './framer.ts';
import { serialiseRequest, serialiseResponse } from './serialise.ts';
import { parseSession, serialiseSession, type SessionHeader } from './session.ts';
import { parseTransports, serialiseTransport, type Transport } from './transport.ts';

const tcp = { profile: 'RTP/AVP', lower: 'TCP', cast: 'unicast' } as const;
const udp = { profile: 'RTP/AVP', lower: 'UDP', cast: 'unicast' } as const;

describe('the Transport header', () => {
  const rows: readonly { readonly text: string; readonly transports: readonly Transport[]; readonly why?: string }[] = [
    { text: 'RTP/AVP/TCP;unicast;interleaved=0-1', transports: [{ ...tcp, interleaved: [0, 1] }] },
    { text: 'RTP/AVP/TCP;interleaved=8-9', transports: [{ ...tcp, interleaved: [8, 9] }], why: 'no unicast' },
    { text: 'RTP/AVP;unicast;interleaved=0-1', transports: [{ ...tcp, interleaved: [0, 1] }], why: 'Escam' },
    {
      text: 'RTP/AVP/TCP;unicast;interleaved=0',
      transports: [{ ...tcp, interleaved: [0, 1] }],
      why: 'a single channel',
    },
    {
      text: 'ssrc=30A98EE7;RTP/AVP/TCP;unicast;interleaved=2-3',
      transports: [{ ...tcp, interleaved: [2, 3], ssrc: 0x30a98ee7 }],
      why: 'ret#120',
    },
    {
      text: 'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=',
      transports: [{ ...tcp, interleaved: [0, 1] }],
      why: 'ret#128',
    },
    {
      text: 'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=4cacc3d1xyz',
      transports: [{ ...tcp, interleaved: [0, 1] }],
      why: 'ret#128',
    },
    {
      text: ' rtp/avp/tcp ; unicast ; interleaved = 0-1 ; mode="PLAY"',
      transports: [{ ...tcp, interleaved: [0, 1], mode: 'play' }],
    },
    {
      text: 'RTP/AVP;unicast;mode=PLAY;source=127.0.0.1;client_port=18714-18715;server_port=40004-40005;ssrc=0',
      transports: [
        { ...udp, mode: 'play', source: '127.0.0.1', clientPort: [18714, 18715], serverPort: [40004, 40005], ssrc: 0 },
      ],
      why: 'H264DVR',
    },
    {
      text: 'RTP/AVP/UDP;multicast;destination=239.1.2.3;port=8002-8003;ttl=16,RTP/AVP/TCP;interleaved=0-1',
      transports: [
        { ...udp, cast: 'multicast', destination: '239.1.2.3', port: [8002, 8003], ttl: 16 },
        { ...tcp, interleaved: [0, 1] },
      ],
    },
    { text: 'RTP/SAVP/TCP;unicast', transports: [{ ...tcp, profile: 'RTP/SAVP' }] },
    { text: 'RTP/AVP/TCP;interleaved=300-301', transports: [tcp], why: 'no such channel' },
    { text: 'x;y;z,,', transports: [], why: 'junk' },
    { text: '', transports: [] },
  ];
  for (const { text, transports, why } of rows) {
    it(`reads ${JSON.stringify(text)}${why === undefined ? '' : ` (${why})`}`, () => {
      assert.deepEqual(parseTransports(text), transports);
      for (const transport of transports) assert.deepEqual(parseTransports(serialiseTransport(transport)), [transport]);
    });
  }
});

describe('the Session header', () => {
  const rows: readonly (readonly [string, SessionHeader | undefined])[] = [
    ['231970;timeout=60', { id: '231970', timeoutS: 60 }],
    ['        708345999;timeout=60', { id: '708345999', timeoutS: 60 }],
    ['9a90de54; timeout=120', { id: '9a90de54', timeoutS: 120 }],
    ['l0TtlUFSR', { id: 'l0TtlUFSR', timeoutS: undefined }],
    // What cameras say of their time-out, ZoneMinder#3652: blank, 0, 15 s, nothing.
    ['1;timeout=', { id: '1', timeoutS: undefined }],
    ['1;timeout= ', { id: '1', timeoutS: undefined }],
    ['1;timeout=15', { id: '1', timeoutS: 15 }],
    ['1;timeout=0', { id: '1', timeoutS: undefined }],
    ['', undefined],
  ];
  for (const [text, session] of rows) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseSession(text), session);
      if (session !== undefined) assert.deepEqual(parseSession(serialiseSession(session)), session);
    });
  }
});

describe('the Range header', () => {
  const rows: readonly (readonly [string, RtspRange | undefined])[] = [
    ['npt=now-', { kind: 'npt', fromS: 'now', toS: undefined }],
    ['npt=0.000-', { kind: 'npt', fromS: 0, toS: undefined }],
    ['npt=0-596.48', { kind: 'npt', fromS: 0, toS: 596.48 }],
    ['npt=0- 596.48', { kind: 'npt', fromS: 0, toS: 596.48 }],
    ['npt=-20', { kind: 'npt', fromS: 0, toS: 20 }],
    ['npt=1:02:03.5-', { kind: 'npt', fromS: 3723.5, toS: undefined }],
    ['npt=2-now', undefined],
    ['clock=19700101T000000Z-', { kind: 'clock', fromUtcMs: 0, toUtcMs: undefined }],
    [
      'clock=20261124T101500.25Z-20261124T102500Z',
      { kind: 'clock', fromUtcMs: Date.UTC(2026, 10, 24, 10, 15, 0, 250), toUtcMs: Date.UTC(2026, 10, 24, 10, 25) },
    ],
    [
      'clock=20240229T235959Z-20240301T000000Z;time=x',
      { kind: 'clock', fromUtcMs: Date.UTC(2024, 1, 29, 23, 59, 59), toUtcMs: Date.UTC(2024, 2, 1) },
    ],
    ['clock=20261324T101500Z-', undefined],
    ['clock=20260231T101500Z-', undefined],
    ['clock=20260101t101500z-', { kind: 'clock', fromUtcMs: Date.UTC(2026, 0, 1, 10, 15), toUtcMs: undefined }],
    ['clock=-', undefined],
    ['smpte=0:10:00-', undefined],
    ['', undefined],
  ];
  for (const [text, range] of rows) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseRange(text), range);
      if (range !== undefined) assert.deepEqual(parseRange(serialiseRange(range)), range);
    });
  }

  it('counts days as the calendar does', () => {
    for (let day = 0; day < 80_000; day += 17) {
      const range = { kind: 'clock', fromUtcMs: day * 86_400_000 + 1, toUtcMs: undefined } as const;
      const iso = new Date(range.fromUtcMs).toISOString().replaceAll(/[-:]/g, '');
      assert.equal(serialiseRange(range), `clock=${iso}-`);
      assert.deepEqual(parseRange(serialiseRange(range)), range);
    }
  });
});

it('RTP-Info names each track and where it begins', () => {
  const entries = [
    { url: 'rtsp://h/s/trackID=0', sequence: 47121, rtpTime: 3475222385 },
    { url: 'rtsp://h/s/trackID=1', sequence: 0, rtpTime: 0 },
    { url: 'rtsp://h/s/trackID=2', sequence: undefined, rtpTime: 7 },
  ];
  assert.equal(
    serialiseRtpInfo(entries),
    'url=rtsp://h/s/trackID=0;seq=47121;rtptime=3475222385,url=rtsp://h/s/trackID=1;seq=0;rtptime=0,url=rtsp://h/s/trackID=2;rtptime=7',
  );
});

it('lists of methods are written by comma', () => {
  assert.equal(serialiseMethods(['OPTIONS', 'PLAY']), 'OPTIONS, PLAY');
});

describe('RTSP URLs', () => {
  const rows: readonly {
    readonly url: string;
    readonly host: string;
    readonly port: number;
    readonly user?: readonly [string, string];
    readonly request: string;
  }[] = [
    { url: 'rtsp://cam', host: 'cam', port: 554, request: 'rtsp://cam/' },
    { url: 'RTSP://Cam:8554/Main?x=1', host: 'cam', port: 8554, request: 'rtsp://Cam:8554/Main?x=1' },
    { url: 'rtsp://192.0.2.1?x', host: '192.0.2.1', port: 554, request: 'rtsp://192.0.2.1/?x' },
    {
      url: 'rtsp://u:p@[2001:db8::1]:554/a',
      host: '2001:db8::1',
      port: 554,
      user: ['u', 'p'],
      request: 'rtsp://[2001:db8::1]:554/a',
    },
    { url: 'rtsp://admin:p@ss:w#rd@h/a', host: 'h', port: 554, user: ['admin', 'p@ss:w#rd'], request: 'rtsp://h/a' },
    {
      url: 'rtsp://us%3Aer:100%25%40%2F@h/a%20b',
      host: 'h',
      port: 554,
      user: ['us:er', '100%@/'],
      request: 'rtsp://h/a%20b',
    },
    { url: 'rtsp://u:50%@h/', host: 'h', port: 554, user: ['u', '50%'], request: 'rtsp://h/' },
    { url: 'rtsp://u:%ff@h/', host: 'h', port: 554, user: ['u', '%ff'], request: 'rtsp://h/' },
    { url: 'rtsp://u@h/a@b', host: 'h', port: 554, user: ['u', ''], request: 'rtsp://h/a@b' },
  ];
  for (const { url, host, port, user, request } of rows) {
    it(`reads ${url}`, () => {
      const credentials = user === undefined ? undefined : { user: user[0], password: user[1] };
      assert.deepEqual(parseRtspUrl(url), { host, port, secure: false, credentials, requestUrl: request });
    });
  }

  const secure: readonly (readonly [device: string, url: string, port: number, request: string])[] = [
    ['any', 'rtsps://h/x', 322, 'rtsps://h/x'],
    ['any', 'RTSPS://h:8322/x?a=1', 8322, 'rtsps://h:8322/x?a=1'],
    ['UniFi (go2rtc README)', 'rtspx://h:7441/abc', 7441, 'rtsps://h:7441/abc'],
    ['UniFi', 'rtsps://h:7441/abc?enableSrtp', 7441, 'rtsps://h:7441/abc'],
    ['UniFi', 'rtspx://h:7441/abc?enableSrtp=1&x=2', 7441, 'rtsps://h:7441/abc?x=2'],
    ['UniFi', 'rtspx://h:7441/abc?x=2&enableSrtp', 7441, 'rtsps://h:7441/abc?x=2'],
  ];
  for (const [device, url, port, request] of secure) {
    it(`reads ${url} (${device})`, () => {
      assert.deepEqual(parseRtspUrl(url), {
        host: 'h',
        port,
        secure: true,
        credentials: undefined,
        requestUrl: request,
      });
    });
  }

  it('counts the port of HTTP where that carries it', () => {
    for (const [url, port] of [
      ['rtsp://h/', 80],
      ['rtsps://h/', 443],
      ['rtsp://h:8080/', 8080],
    ] as const) {
      const parsed = parseRtspUrl(url, true);
      assert.equal(parsed instanceof WeirError ? undefined : parsed.port, port);
    }
  });

  for (const url of [
    'http://h/',
    'rtsp://',
    'rtsp://h:0/',
    'rtsp://h:70000/',
    'rtsp://u:pa/ss@h/',
    'rtsp://h/a b',
    'h/a',
    'rtsp://u:secret@/x',
  ]) {
    it(`refuses ${JSON.stringify(url)} without repeating it`, () => {
      const error = parseRtspUrl(url);
      assert.ok(error instanceof WeirError);
      assert.equal(error.code, 'source-url-invalid');
      assert.ok(!error.describe().includes('secret'));
    });
  }
});

describe('messages', () => {
  it('are written strictly: CSeq by its name, Content-Length from the body, no header out of a value', () => {
    const request = serialiseRequest({
      method: 'SETUP',
      uri: 'rtsp://h/a\r\nX: y',
      headers: new RtspHeaders([
        ['cseq', '7'],
        ['Content-Length', '99'],
        ['User-Agent', 'a\r\nb: c'],
      ]),
      body: Uint8Array.of(65),
    });
    assert.equal(
      new TextDecoder().decode(request),
      'SETUP rtsp://h/a X: y RTSP/1.0\r\nCSeq: 7\r\nUser-Agent: a b: c\r\nContent-Length: 1\r\n\r\nA',
    );
    assert.equal(
      new TextDecoder().decode(serialiseResponse({ status: 461 })),
      'RTSP/1.0 461 Unsupported transport\r\n\r\n',
    );
  });

  it('come back from the framer as they were', () => {
    const headers = new RtspHeaders([
      ['CSeq', '1'],
      ['Public', 'OPTIONS, PLAY'],
      ['WWW-Authenticate', 'Basic realm="ü"'],
      ['WWW-Authenticate', 'Digest realm="b"'],
    ]);
    const response = {
      kind: 'response',
      version: 'RTSP/1.0',
      status: 200,
      reason: 'OK',
      headers,
      body: new Uint8Array(0),
    } as const;
    const [unit] = new RtspFramer().push(serialiseResponse(response));
    assert.ok(unit?.kind === 'message' && unit.message.kind === 'response');
    assert.deepEqual([...unit.message.headers], [...headers]);
    assert.equal(cseqOf(unit.message), 1);
    assert.deepEqual(unit.message.headers.getAll('www-authenticate').length, 2);
  });

  it('are read with blanks around values, lines continued, lines without colon skipped', () => {
    const head = parseHead('RTSP/1.0 200 OK\r\nSession: \t  7 \t\r\nnonsense\r\nCseq:3\r\nX: a\r\n b\r\n: no name');
    assert.ok(!(head instanceof WeirError));
    assert.deepEqual(
      [...head.headers],
      [
        ['Session', '7'],
        ['Cseq', '3'],
        ['X', 'a b'],
      ],
    );
    assert.equal(head.headers.get('CSEQ'), '3');
  });
});
