import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamSettings } from '../../../config/settings.ts';
import { WeirError } from '../../../core/errors.ts';
import type { StreamStatus } from '../../../stream/stream.ts';
import { FakeStream } from '../fake-streams.ts';
import { streamReport } from './stream-report.ts';

test('a password in the path or the query of a source is not in the report of its stream', () => {
  for (const path of [
    'user=admin_password=CamSecret77_channel=1_stream=0.sdp',
    '?loginuse=admin&loginpas=CamSecret77',
    '?authbasic=CamSecret77',
    '?u=admin&p=CamSecret77',
  ]) {
    const url = `rtsp://192.0.2.10/${path}`;
    const text = JSON.stringify(streamReport(new AwayStream(url), settingsOf(url), '/files', RECORDING));
    assert.ok(!text.includes('CamSecret77'), text);
    assert.equal(text.split('rtsp://192.0.2.10/').length, 6, 'source, and twice label and error');
  }
});

const RECORDING = { active: false, recordedUpToUtcMs: undefined, error: undefined };

class AwayStream extends FakeStream {
  readonly #url: string;

  constructor(url: string) {
    super('cam');
    this.#url = url;
  }

  override status(): StreamStatus {
    const status = super.status();
    const error = new WeirError('source-not-found', 'The source answers 404', { place: this.#url });
    const source = { ...status.source, kind: 'rtsp', label: this.#url };
    return { ...status, error, source: { ...source, members: [{ ...source, inUse: true, error }] } };
  }
}

function settingsOf(url: string): StreamSettings {
  return {
    name: 'cam',
    source: {
      kind: 'rtsp',
      url,
      transport: 'auto',
      timeouts: { connectMs: 10_000, firstByteMs: 15_000, idleMs: 10_000 },
    },
    alternatives: [],
    record: false,
    onDemand: false,
    onDemandIdleMs: 10_000,
    storage: 'main',
    keep: { ageMs: undefined, bytes: undefined, free: undefined },
    declaredAt: undefined,
  };
}
