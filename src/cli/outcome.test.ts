import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../core/errors.ts';
import { errorText } from './outcome.ts';

test('no password of a URL is in what a command says', () => {
  for (const url of [
    'rtsp://admin:CamSecret77@192.0.2.1/',
    'rtsp://192.0.2.1/user=admin_password=CamSecret77_channel=1_stream=0.sdp',
    'rtsp://192.0.2.1/?loginuse=admin&loginpas=CamSecret77',
    'rtsp://192.0.2.1/?u=admin&p=CamSecret77',
  ]) {
    const text = errorText(new WeirError('source-not-found', `It knows no ${url}`, { place: url }));
    assert.ok(!text.includes('CamSecret77'), text);
    assert.ok(text.includes('192.0.2.1'), text);
  }
});
