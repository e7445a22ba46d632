import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redactor } from './redactor.ts';

const URL = 'rtsp://admin:s3cret@192.168.1.9:554/cam/AB12CD34EF56?token=7f7f';

test('what says whose camera it is, or opens it, is not in a dialogue', () => {
  const rows: readonly (readonly [string, string])[] = [
    [`DESCRIBE ${URL} RTSP/1.0\r`, 'DESCRIBE rtsp://camera/cam/serial-1?token=*** RTSP/1.0\r'],
    ['Content-Base: rtsp://192.168.1.9/cam/AB12CD34EF56/\r', 'Content-Base: rtsp://camera/cam/serial-1/\r'],
    ['Location: rtsp://10.0.0.7:8554/x\r', 'Location: rtsp://host-1/x\r'],
    ['Authorization: Digest username="admin", response="12"\r', 'Authorization: Digest ***\r'],
    ['Authorization: Basic YWRtaW46czNjcmV0\r', 'Authorization: Basic ***\r'],
    [
      'WWW-Authenticate: Digest realm="IPC 7H03", nonce="ab12", qop="auth", stale=FALSE\r',
      'WWW-Authenticate: Digest realm="***", nonce="***", qop="auth", stale=FALSE\r',
    ],
    ['Session: 88123711;timeout=60\r', 'Session: session-1;timeout=60\r'],
    ['Session: 88123711\r', 'Session: session-1\r'],
    [
      'RTP-Info: url=rtsp://192.168.1.9:554/cam/AB12CD34EF56/trackID=1;seq=5;rtptime=4294967290\r',
      'RTP-Info: url=rtsp://camera/cam/serial-1/trackID=1;seq=5;rtptime=4294967290\r',
    ],
    ['o=- 1700000000123 1 IN IP4 192.168.1.9\r', 'o=- serial-2 1 IN IP4 192.0.2.1\r'],
    ['c=IN IP4 239.1.2.3/16\r', 'c=IN IP4 239.1.2.3/16\r'],
    ['s=Camera 9C8ECD123456\r', 's=Camera serial-3\r'],
    ['a=x-mac:9c:8e:cd:12:34:56\r', 'a=x-mac:00:00:5e:00:53:00\r'],
    ['a=ssrc:1 cname:user1@host-7\r', 'a=ssrc:1 cname:***\r'],
    [
      'GET_PARAMETER rtsp://192.168.1.9:554/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp RTSP/1.0',
      'GET_PARAMETER rtsp://camera/user=***_password=***_channel=1_stream=0.sdp RTSP/1.0',
    ],
  ];
  const redactor = new Redactor(URL);
  for (const [said, kept] of rows) assert.equal(lineOf(redactor, said), kept);
});

test('what names a camera in other ways is not in a dialogue either', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['o=- 1 1 IN IP6 fe80::4619:b6ff:fe12:3456', 'o=- 1 1 IN IP6 2001:db8::1'],
    ['c=IN IP6 2001:db8:1:2::42', 'c=IN IP6 2001:db8::2'],
    ['c=IN IP6 FE80::4619:b6ff:fe12:3456%eth0\r', 'c=IN IP6 2001:db8::1\r'],
    ['c=IN IP6 ff02::1', 'c=IN IP6 ff02::1'],
    ['o=- 1 1 IN IP4 johns-house.dyndns.example\r', 'o=- 1 1 IN IP4 camera\r'],
    ['o=- 1 1 IN IP4 garden.example', 'o=- 1 1 IN IP4 host-1'],
    ['c=IN IP4 garden.example/127', 'c=IN IP4 host-1/127'],
    ['s=Stream of Johns-House.dyndns.example', 's=Stream of camera'],
    ['a=control:rtsp://[2001:db8::9]/t', 'a=control:rtsp://host-2/t'],
    ['u=http://joe:geheim@garden.example/\r', 'u=***\r'],
    ['e=joe@garden.example', 'e=***'],
    ['k=base64:c2VjcmV0\r', 'k=***\r'],
    ['a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r', 'a=crypto:***\r'],
    ['a=key-mgmt:mikey AQAFgM0XflAB', 'a=key-mgmt:***'],
    [
      'Transport: RTP/AVP;unicast;destination=fe80::4619:b6ff:fe12:3456;source=garden.example;ssrc=1\r',
      'Transport: RTP/AVP;unicast;destination=2001:db8::1;source=host-1;ssrc=1\r',
    ],
    [
      'Location: rtsp://johns-house.dyndns.example/live?psw=geheim&usr=joe',
      'Location: rtsp://camera/live?psw=***&usr=***',
    ],
    ['a=control:track1?loginuse=joe&loginpas=geheim', 'a=control:track1?loginuse=***&loginpas=***'],
    [
      'DESCRIBE rtsp://johns-house.dyndns.example/user=joe_psw=tl_Jw_channel=1 RTSP/1.0',
      'DESCRIBE rtsp://camera/user=***_psw=***_channel=1 RTSP/1.0',
    ],
    ['Set-Cookie: sid=abc123\r', 'Set-Cookie: ***\r'],
    ['X-Auth-Token: 8371abc\r', 'X-Auth-Token: ***\r'],
    ['Server: HiIpcam/V100R003 SN4E0123', 'Server: HiIpcam/V100R003 SN***'],
  ];
  const redactor = new Redactor('rtsp://johns-house.dyndns.example/cam');
  for (const [said, kept] of rows) assert.equal(lineOf(redactor, said), kept);
});

test('what is not known to be harmless is not in a dialogue', () => {
  const rows: readonly (readonly [string, string])[] = [
    [
      'WWW-Authenticate: Digest realm="a b", username="joe", x=geheim7, algorithm=MD5, qop="auth,auth-int"\r',
      'WWW-Authenticate: Digest realm="***", ***=***, ***=***, algorithm=MD5, qop="auth,auth-int"\r',
    ],
    ['WWW-Authenticate: Digest realm="a", algorithm=geheim7', 'WWW-Authenticate: Digest realm="***", ***=***'],
    ['WWW-Authenticate: NTLM TlRMTVNTUAAC/+A=', 'WWW-Authenticate: NTLM *** ***'],
    ['WWW-Authenticate: Own geheim7, Basic realm="a"', 'WWW-Authenticate: *** ***, Basic realm="***"'],
    ['WWW-Authenticate: Digest realm="a"geheim7', 'WWW-Authenticate: Digest ***'],
    ['Authorization: geheim7 geheim8', 'Authorization: ***'],
    ['Session: 88;timeout=60;u=joe:geheim7', 'Session: session-1;timeout=60;***'],
    ['Session: 88 ; timeout=', 'Session: session-1 ; timeout='],
    [
      'Transport: RTP/AVP;unicast;token=geheim7;client_port=5000-5001;ssrc=geheim7;destination=12345678',
      'Transport: RTP/AVP;unicast;***;client_port=5000-5001;ssrc=***;destination=host-1',
    ],
    ['X.Dev: geheim7', 'X.Dev: ***'],
    ['X Dev2 :geheim7\r', 'X Dev2 :***\r'],
    ['a line without a colon', '***'],
    ['o=JohnDoe 1 1 IN IP4 10.0.0.9', 'o=*** 1 1 IN IP4 192.0.2.1'],
    ['o=JohnDoe\r', 'o=***\r'],
    [
      'a=fmtp:96 packetization-mode=1; pwd=geheim7;user=joe;sprop-parameter-sets=Z0LA,aM48gA==',
      'a=fmtp:96 packetization-mode=1; pwd=***;user=***;sprop-parameter-sets=Z0LA,aM48gA==',
    ],
    ['a=rtpmap:96 s3cret/90000', 'a=rtpmap:96 ***/90000'],
    ['m=s3cret 0 RTP/AVP 96', 'm=*** 0 RTP/AVP 96'],
    ['Content-Length: s3cret', 'Content-Length: ***'],
    ['X-s3cret: 1', 'X-***: ***'],
  ];
  const redactor = new Redactor(URL);
  for (const [said, kept] of rows) assert.equal(lineOf(redactor, said), kept);
});

test('a body ends the headers: what looks like one there is none', () => {
  const text = 'RTSP/1.0 200 OK\r\nContent-Length: 9\r\n\r\na=control:rtsp://admin:s3cret@192.168.1.9:554/1\r\nm: 1';
  const kept = 'RTSP/1.0 200 OK\r\nContent-Length: 9\r\n\r\na=control:rtsp://camera/1\r\nm: ***';
  assert.equal(new Redactor(URL).text(text), kept);
});

test('user and password of the URL are nowhere, however they are written', () => {
  const redactor = new Redactor('rtsp://front,door:s3%2Fcret%20word@192.168.1.9:554/cam?x=1');
  const rows: readonly (readonly [string, string])[] = [
    ['SETUP rtsp://192.168.1.9/cam/front,door/track1 RTSP/1.0', 'SETUP rtsp://camera/cam/***/track1 RTSP/1.0'],
    ['a=control:/xs3%2Fcret%20wordx/1', 'a=control:/x***x/1'],
    ['i=Of front,door with s3/cret word', 'i=Of *** with ***'],
  ];
  for (const [said, kept] of rows) assert.equal(lineOf(redactor, said), kept);
  assert.equal(redactor.words('rtsp://front,door:s3%2Fcret%20word@192.168.1.9:554/cam'), 'rtsp://camera/cam');
  assert.equal(redactor.words('rtsp://x,y:z;w@192.168.1.9:554/cam'), 'rtsp://camera/cam');
});

test('so are those that stand in its query or path', () => {
  for (const url of ['rtsp://10.1.1.1/?user=joe&pwd=x7', 'rtsp://10.1.1.1/user=joe_password=x7_channel=1'])
    assert.equal(lineOf(new Redactor(url), 's=x7 of joe'), 's=*** of ***');
});

test('what the protocol says stays, whatever user and password are', () => {
  for (const url of ['rtsp://rtsp:video@10.1.1.1/', 'rtsp://RTSP:1@10.1.1.1/', 'rtsp://TCP:836@10.1.1.1/'])
    for (const line of [
      'SETUP rtsp://camera/ RTSP/1.0',
      'Content-Length: 836',
      'Transport: RTP/AVP/TCP;unicast;interleaved=0-1',
      'm=video 0 RTP/AVP 96',
    ])
      assert.equal(lineOf(new Redactor(url), line).replace('host-1', 'camera'), line);
});

test('what a decoder and a parser need stays', () => {
  const redactor = new Redactor(URL);
  for (const line of [
    'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LAHtoCgL/lwFqDAwNSgAAAAwCAAAAZR4sXUA==,aM48gA==',
    'a=rtpmap:96 H264/90000',
    'Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=7828F2D5;mode="PLAY"',
    'Server: Hipcam RealServer/V1.0',
    'a=control:trackID=1',
    'CSeq: 5',
    'Range: clock=20260101T100000Z-20260101T100010Z',
    'a=range:npt=0:00:01.5-',
    'RTP-Info: url=trackID=1;seq=5;rtptime=4294967290',
    'x-Accept-Dynamic-Rate: 1',
    'Content-Length: 836',
  ])
    assert.equal(lineOf(redactor, line), line);
});

/** A line where it stands in a message: the first, a header, or one of the body. */
function lineOf(redactor: Redactor, line: string): string {
  if (/ RTSP\/1\.0\r?$/.test(line)) return redactor.text(line);
  const before = `RTSP/1.0 200 OK\r\n${/^[a-z]=/.test(line) ? '\r\n' : ''}`;
  const text = redactor.text(before + line);
  assert.ok(text.startsWith(before));
  return text.slice(before.length);
}
