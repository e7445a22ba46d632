import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../base/manual-clock.ts';
import { ServerSession } from '../../core/rtsp/server/session.ts';
import type { Stream } from '../../stream/stream.ts';
import { FakeStream, VIDEO } from './fake-stream.ts';
import { Layouts } from './layouts.ts';
import { InterleavedOut } from './media-out.ts';
import { ReaderSession, REPLY_MS_MAX } from './reader-session.ts';
import { ReaderTotals } from './reader-totals.ts';

const noop = (): boolean => true;

test('a reader whose reply to PLAY does not go out has to go; let go of, or playing, it may stay', () => {
  const clock = new ManualClock();
  const session = new ServerSession('1', 'play', 'yard', undefined, 0);
  session.addTrack({ track: 0, way: { kind: 'interleaved', channels: [0, 1] }, uri: '' });
  const pipe = { remote: '', remoteAddress: '', localAddress: undefined, bufferedBytes: 0, closed: false };
  const whole = { ...pipe, write: noop, handle: noop, close: noop, destroy: noop };
  const reader = new ReaderSession({
    session,
    // Only what the server uses is there.
    stream: new FakeStream('yard') as unknown as Stream,
    tracks: [VIDEO],
    label: '',
    outOf: (waitsForKey) => new InterleavedOut(whole, new Layouts(), new Map(), waitsForKey, 0),
    clock,
    cname: 'weir',
    total: new ReaderTotals().of('tcp'),
    ended: () => {},
  });
  const later = (): string | undefined => {
    clock.advance(REPLY_MS_MAX + 1);
    return reader.tick(clock.monoMs())?.code;
  };
  reader.attach();
  assert.equal(reader.tick(clock.monoMs()), undefined);
  assert.equal(later(), 'reader-too-slow');
  reader.detach();
  assert.equal(later(), undefined);
  reader.attach();
  reader.flow();
  assert.equal(later(), undefined);
});
