import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecretName, redactText, redactUrl } from './redact.ts';

test('secrets leave text, the rest stays', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['rtsp://admin:secret@192.0.2.10:554/main', 'rtsp://***@192.0.2.10:554/main'],
    ['rtsp://admin@[2001:db8::1]/main', 'rtsp://***@[2001:db8::1]/main'],
    ['rtsp://admin:p@ss@host/main', 'rtsp://***@host/main'],
    ['rtsp://admin:pa/ss@host/main', 'rtsp://***@host/main'],
    ['rtsp://admin:p@a/ss@host/main', 'rtsp://***@host/main'],
    ['rtsp://admin:pa#s?s@host/main', 'rtsp://***@host/main'],
    ['rtsp://admin:12#3@host/main', 'rtsp://***@host/main'],
    ['rtsp://admin:my pass@host/main', 'rtsp://***@host/main'],
    ['rtsp://admin:a"b@host/main', 'rtsp://***@host/main'],
    ['rtsp://admin:x@host/main@2', 'rtsp://***@2'],
    ['rtsp://192.0.2.10/main@2', 'rtsp://192.0.2.10/main@2'],
    ['rtsp://[::1]:554/a@b', 'rtsp://[::1]:554/a@b'],
    ['http://host/x?token=abc&width=3', 'http://host/x?token=***&width=3'],
    ['http://host/x?user=a&password=b', 'http://host/x?user=***&password=***'],
    ['cannot open "rtsp://u:p@h/x", trying ftp://v:q@i/y', 'cannot open "rtsp://***@h/x", trying ftp://***@i/y'],
    ['Authorization: Digest username="a", response="f00"\r\nCSeq: 1', 'Authorization: ***\r\nCSeq: 1'],
    ['sent Basic dXNlcjpwYXNz to it', 'sent Basic *** to it'],
    ['{"password":"x y","name":"n"}', '{"password":"*** y","name":"n"}'],
    ['password: hunter2', 'password: ***'],
    ['nothing to hide here', 'nothing to hide here'],
    ['10:00:01 stream=lobby', '10:00:01 stream=lobby'],
    // Xiongmai.
    [
      'rtsp://host/user=admin_password=CamSecret77_channel=1_stream=0.sdp',
      'rtsp://host/user=***_password=***_channel=1_stream=0.sdp',
    ],
    ['rtsp://host/x?loginuse=admin&loginpas=CamSecret77&n=1', 'rtsp://host/x?loginuse=***&loginpas=***&n=1'],
    ['rtsp://host/x?authbasic=YWRtaW46Q2FtU2VjcmV0Nzc=', 'rtsp://host/x?authbasic=***'],
    ['rtsp://host/x?u=admin&p=CamSecret77&cup=3', 'rtsp://host/x?u=***&p=***&cup=3'],
    ['rtsp://host/x?my_psw=Cam/Sec,ret;77', 'rtsp://host/x?my_psw=***'],
    ['rtsp://host/x?pwd=***77', 'rtsp://host/x?pwd=***'],
    ['camPassword=a, tries again', 'camPassword=***, tries again'],
    ['http://host/x?key=abc', 'http://host/x?key=***'],
    ['key: rtsp.listen', 'key: rtsp.listen'],
    ['key frame 3 came', 'key frame 3 came'],
  ];
  for (const [text, expected] of rows) {
    assert.equal(redactText(text), expected);
    assert.equal(redactUrl(text), expected);
    assert.equal(redactText(expected), expected, 'twice is once');
  }
});

test('names of fields that hold secrets', () => {
  for (const name of ['password', 'userPassword', 'token', 'access_token', 'Authorization', 'secret', 'ha1'])
    assert.ok(isSecretName(name), name);
  for (const name of ['stream', 'keyFrame', 'monkey', 'tokens', 'passed', 'code']) assert.ok(!isSecretName(name), name);
});
