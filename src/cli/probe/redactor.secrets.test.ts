/** What a bundle holds no secret of, tried with random ones at every place of a dialogue; and it still says what it said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, unitSeed } from '../../../test/harness/seeded-random.ts';
import { WeirError } from '../../core/errors.ts';
import { planSetup } from '../../core/rtsp/client/setup-plan.ts';
import { RtspFramer } from '../../core/rtsp/wire/framer.ts';
import type { RtspMessage } from '../../core/rtsp/wire/message.ts';
import { parseTransports } from '../../core/rtsp/wire/transport.ts';
import { Redactor } from './redactor.ts';

const SDP = `v=0
o=- 1700000000 1 IN IP4 10.1.1.1
s=Media Presentation
c=IN IP4 0.0.0.0
t=0 0
a=control:rtsp://10.1.1.1:554/main/
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=420029;sprop-parameter-sets=Z0LAHtoCgL/lwFqDAwNSgAAAAwCAAAAZR4sXUA==,aM48gA==
a=control:trackID=1
m=audio 0 RTP/AVP 97
a=rtpmap:97 MPEG4-GENERIC/16000/1
a=fmtp:97 streamtype=5;mode=AAC-hbr;config=1408;sizelength=13;indexlength=3;indexdeltalength=3
a=control:trackID=2
`.replaceAll('\n', '\r\n');

const DIALOGUE: readonly string[] = [
  'OPTIONS rtsp://10.1.1.1:554/main RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: weir\r\n\r\n',
  'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="IPC", nonce="ab", qop="auth", stale=FALSE\r\nWWW-Authenticate: Basic realm="IPC"\r\n\r\n',
  'RTSP/1.0 200 OK\r\nCSeq: 2\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\nServer: Own/1.2\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\n\r\n',
  `RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Type: application/sdp\r\nContent-Base: rtsp://10.1.1.1:554/main/\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`,
  'RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 88123711;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=7828F2D5;mode="PLAY"\r\n\r\n',
  'RTSP/1.0 200 OK\r\nCSeq: 5\r\nSession: 88123711\r\nRange: npt=0.000-\r\nRTP-Info: url=rtsp://10.1.1.1:554/main/trackID=1;seq=5;rtptime=1\r\nX-Dev: 1\r\n\r\n',
];

/** Where devices say what nobody asked for: a secret that the URL does not tell. */
const PLACES: readonly ((secret: string) => string)[] = [
  (secret) => `WWW-Authenticate: Digest realm="${secret}", nonce="${secret}", x=${secret}, username="${secret}"`,
  (secret) => `WWW-Authenticate: Digest algorithm=${secret}, qop="${secret}", stale=${secret} ${secret}`,
  (secret) => `WWW-Authenticate: NTLM ${secret}==`,
  (secret) => `WWW-Authenticate: ${secret} realm="${secret}"`,
  (secret) => `Proxy-Authenticate: Basic realm="a"${secret}`,
  (secret) => `Authorization: Digest username="${secret}"`,
  (secret) => `Session: ${secret};timeout=60;u=operator:${secret}`,
  (secret) => `Session: 1;timeout=${secret}`,
  (secret) => `Transport: RTP/AVP/TCP;unicast;interleaved=0-1;token=${secret};${secret}`,
  (secret) => `Transport: RTP/AVP;unicast;source=${secret};destination=${secret};mode=${secret};ssrc=${secret}`,
  (secret) => `X.Dev: ${secret}`,
  (secret) => `X Dev2: ${secret}`,
  (secret) => `X-Device!: a\r\n ${secret}`,
  (secret) => `Set-Cookie: sid=${secret}`,
  (secret) => `Location: rtsp://joe:${secret}@10.1.1.9/x?password=${secret}`,
  (secret) => `Content-Base: rtsp://10.1.1.1/user=joe_password=${secret}_channel=1/`,
  (secret) => `\r\no=${secret} 1 1 IN IP4 10.1.1.1`,
  (secret) => `\r\no=${secret}`,
  (secret) => `\r\na=fmtp:96 packetization-mode=1;pwd=${secret};user=${secret};password=${secret}`,
  (secret) => `\r\na=control:rtsp://joe:${secret}@10.1.1.1/`,
  (secret) => `\r\nk=clear:${secret}\r\nu=${secret}\r\ne=${secret}`,
  (secret) => `\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${secret}`,
  (secret) => `\r\na=x-login;password=${secret}`,
  (secret) => `\r\nparameter: ${secret}`,
];

function secretOf(random: () => number): string {
  const letters = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const length = 8 + Math.floor(random() * 9);
  return Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('');
}

test('the password of the URL comes out of no place that it may stand at', () => {
  const seed = unitSeed();
  const random = seededRandom(seed);
  for (const text of DIALOGUE) {
    for (const url of [
      (secret: string) => `rtsp://joe:${secret}@10.1.1.1:554/main`,
      (secret: string) => `rtsp://10.1.1.1:554/user=joe_password=${secret}_channel=1`,
    ]) {
      const secret = secretOf(random);
      const redactor = new Redactor(url(secret));
      for (let at = 0; at <= text.length; at++) {
        const kept = redactor.text(text.slice(0, at) + secret + text.slice(at));
        assert.ok(!kept.includes(secret), `seed ${seed}: at ${at} of ${text}: ${kept}`);
      }
    }
  }
});

test('a secret that is not in the URL comes out of no place where devices were seen to say one', () => {
  const seed = unitSeed();
  const random = seededRandom(seed);
  const redactor = new Redactor('rtsp://10.1.1.1:554/main');
  for (let round = 0; round < 20; round++) {
    for (const place of PLACES) {
      const secret = secretOf(random);
      const kept = redactor.text(`RTSP/1.0 200 OK\r\nCSeq: 1\r\n${place(secret)}\r\n`);
      assert.ok(!kept.includes(secret), `seed ${seed}: ${place(secret)}: ${kept}`);
    }
  }
});

test('what a client goes by is the same as before', () => {
  const redactor = new Redactor('rtsp://joe:geheim77@10.1.1.1:554/main');
  for (const text of DIALOGUE) {
    const [before, after] = [messageOf(text), messageOf(redactor.text(text))];
    assert.equal(after.kind, before.kind);
    for (const name of ['CSeq', 'Public', 'Content-Type', 'Range', 'Date'])
      assert.equal(after.headers.get(name), before.headers.get(name));
    const transports = [before, after].map((message) => parseTransports(message.headers.get('Transport') ?? ''));
    assert.deepEqual(transports[1], transports[0]);
    if (before.body.length > 0) assert.deepEqual(formatsOf(after), formatsOf(before));
  }
});

/** The length of the body is made to fit, as whoever plays a bundle does. */
function messageOf(text: string): RtspMessage {
  const [head = '', body = ''] = text.split(/\r\n\r\n(.*)/s);
  const fitted = `${head.replace(/^(Content-Length: )\d+/m, `$1${body.length}`)}\r\n\r\n${body}`;
  const [unit] = new RtspFramer().push(Buffer.from(fitted, 'latin1'));
  assert.ok(unit?.kind === 'message', text);
  return unit.message;
}

function formatsOf(message: RtspMessage): unknown {
  assert.ok(message.kind === 'response');
  const plan = planSetup('rtsp://camera/main', message, 'camera');
  assert.ok(!(plan instanceof WeirError));
  return plan.tracks.map(({ format, url }) => [format, url.split('/').at(-1)]);
}
