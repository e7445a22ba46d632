import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChannelMap } from './channel-map.ts';

/** Declared payload type, second byte of what came on the RTP channel 0, what it is. */
const ON_RTP_CHANNEL: readonly (readonly [number, number, 'rtp' | 'rtcp'])[] = [
  [96, 0x80 | 96, 'rtp'],
  [96, 191, 'rtp'],
  [96, 192, 'rtcp'],
  [96, 200, 'rtcp'],
  [96, 205, 'rtcp'],
  [96, 207, 'rtcp'],
  [96, 223, 'rtcp'],
  [96, 224, 'rtp'],
  [77, 0x80 | 77, 'rtp'],
];

describe('ChannelMap', () => {
  it('tells RTCP on the RTP channel by RFC 5761 §4, whatever the kind of report', () => {
    for (const [payloadType, second, kind] of ON_RTP_CHANNEL) {
      const map = new ChannelMap();
      map.add(3, payloadType, 0, 1);
      assert.deepEqual(pick(map.find(0, Uint8Array.of(0x80, second, 0, 1))), { track: 3, kind }, `${second}`);
    }
  });

  it('believes the RTCP channel, where one is', () => {
    const map = new ChannelMap();
    map.add(0, 96, 0, 1);
    assert.deepEqual(pick(map.find(1, Uint8Array.of(0x80, 96, 0, 1))), { track: 0, kind: 'rtcp' });
    assert.equal(map.find(2, Uint8Array.of(0x80, 96, 0, 1)), 'unknown-channel');
    assert.equal(map.find(0, Uint8Array.of(0x00, 96, 0, 1)), 'not-rtp');
  });
});

function pick(found: ReturnType<ChannelMap['find']>): unknown {
  return typeof found === 'string' ? found : { track: found.track, kind: found.kind };
}
