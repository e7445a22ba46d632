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
  for (const [said, kept] of rows) assert.equal(redactor.text(said), kept);
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
    'Content-Length: 836',
  ])
    assert.equal(redactor.text(line), line);
});
