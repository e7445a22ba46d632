import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { joined } from '../../../../test/harness/mutations.ts';
import { frame } from './frame.ts';
import { MAX_BODY_BYTES, MAX_GARBAGE_BYTES, MAX_HEAD_BYTES, RtspFramer, type RtspUnit } from './framer.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const rtp = (channel: number, length: number, fill = 0x24): Uint8Array => {
  const packet = new Uint8Array(length).fill(fill);
  packet[0] = 0x80;
  return frame(channel, packet);
};

const OK = 'RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n';
const NOISE = Uint8Array.of(0, 1, 2, 0x24, 3, 0, 1, 7, 255, 0x52, 0x54, 0x53, 0x50);

/** What a wire gives: messages as their first line and body, frames as channel and length, rubbish as its length. */
const WIRES: readonly { readonly name: string; readonly wire: Uint8Array; readonly units: readonly string[] }[] = [
  { name: 'a response', wire: text(OK), units: ['200 OK|'] },
  { name: 'a response without reason', wire: text('RTSP/1.0 200\r\nCSeq: 1\r\n\r\n'), units: ['200 |'] },
  { name: 'bare line feeds', wire: text('RTSP/1.0 404 Not Found\nCSeq: 1\n\n'), units: ['404 Not Found|'] },
  {
    name: 'a request with a body',
    wire: text('ANNOUNCE rtsp://h/s RTSP/1.0\r\nContent-Length: 3\r\n\r\nv=0'),
    units: ['ANNOUNCE rtsp://h/s|v=0'],
  },
  { name: 'an unknown method', wire: text('BREW rtsp://h/s RTSP/1.0\r\n\r\n'), units: ['BREW rtsp://h/s|'] },
  { name: 'another version', wire: text('PLAY rtsp://h/s RTSP/2.0\r\n\r\n'), units: ['PLAY rtsp://h/s|'] },
  { name: 'blanks in a URI', wire: text('PLAY rtsp://h/a b RTSP/1.0\r\n\r\n'), units: ['PLAY rtsp://h/a b|'] },
  {
    name: 'a negative Content-Length',
    wire: text('RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n'),
    units: ['200 OK|'],
  },
  { name: 'two messages at once', wire: text(OK + OK), units: ['200 OK|', '200 OK|'] },
  { name: 'line ends between messages', wire: text(`\r\n\r\n${OK}\r\n\n${OK}`), units: ['200 OK|', '200 OK|'] },
  { name: 'frames', wire: joined([rtp(0, 20), rtp(1, 8), rtp(255, 1500)]), units: ['0:20', '1:8', '255:1500'] },
  { name: 'an empty frame', wire: joined([frame(2, new Uint8Array(0)), rtp(0, 12)]), units: ['2:0', '0:12'] },
  { name: 'the largest frame', wire: rtp(0, 65_535), units: ['0:65535'] },
  { name: 'a reply amid data', wire: joined([rtp(0, 20), text(OK), rtp(0, 30)]), units: ['0:20', '200 OK|', '0:30'] },
  { name: 'rubbish before a frame', wire: joined([rtp(0, 20), NOISE, rtp(0, 40)]), units: ['0:20', '!13', '0:40'] },
  { name: 'rubbish before a message', wire: joined([rtp(0, 20), NOISE, text(OK)]), units: ['0:20', '!13', '200 OK|'] },
  {
    name: 'rubbish before a request',
    wire: joined([NOISE, text('TEARDOWN rtsp://h/s RTSP/1.0\r\n\r\n')]),
    units: ['!13', 'TEARDOWN rtsp://h/s|'],
  },
  {
    name: 'a head that breaks off',
    wire: joined([text('RTSP/1.0 200 OK\r\nCS'), rtp(0, 20), rtp(0, 24)]),
    units: ['!19', '0:20', '0:24'],
  },
  {
    name: 'frames of foreign channels in rubbish',
    wire: joined([NOISE, rtp(77, 20), rtp(0, 20)]),
    units: ['!37', '0:20'],
  },
  {
    name: 'a frame of a channel that was never set up',
    wire: joined([rtp(77, 20), rtp(0, 20)]),
    units: ['77:20', '0:20'],
  },
  {
    name: 'rubbish that begins like a frame',
    wire: joined([rtp(0, 20), Uint8Array.of(0x24, 0x24, 9, 9, 1, 2, 3), rtp(0, 24)]),
    units: ['0:20', '!7', '0:24'],
  },
  { name: 'HTTP', wire: text('GET / HTTP/1.1\r\nHost: h\r\n\r\n'), units: ['?rtsp-malformed'] },
  { name: 'an HTTP response', wire: text('HTTP/1.1 400 Bad Request\r\n\r\n'), units: ['?rtsp-malformed'] },
  { name: 'a line that is none', wire: text('RTSP/1.0 what\r\n\r\n'), units: ['?rtsp-malformed'] },
];

function newFramer(): RtspFramer {
  const framer = new RtspFramer();
  framer.knowChannels(new Set([0, 1, 2, 255]));
  return framer;
}

function show(unit: RtspUnit): string {
  switch (unit.kind) {
    case 'frame':
      return `${unit.channel}:${unit.payload.length}`;
    case 'garbage':
      return `!${unit.bytes}`;
    case 'error':
      return `?${unit.error.code}`;
    case 'message': {
      const { message } = unit;
      const first =
        message.kind === 'request' ? `${message.method} ${message.uri}` : `${message.status} ${message.reason}`;
      return `${first}|${new TextDecoder().decode(message.body)}`;
    }
  }
}

function units(...chunks: readonly Uint8Array[]): readonly string[] {
  const framer = newFramer();
  return chunks.flatMap((chunk) => framer.push(chunk).map(show));
}

describe('RtspFramer', () => {
  for (const { name, wire, units: expected } of WIRES) {
    it(`splits ${name}: whole, cut at every offset, byte by byte, the input untouched`, () => {
      const before = wire.slice();
      assert.deepEqual(units(wire), expected);
      const step = wire.length > 4096 ? 997 : 1;
      for (let cut = 0; cut <= wire.length; cut += step) {
        assert.deepEqual(units(wire.subarray(0, cut), wire.subarray(cut)), expected, `cut at ${cut}`);
      }
      if (wire.length < 4096)
        assert.deepEqual(units(...[...wire].map((byte) => Uint8Array.of(byte))), expected, 'byte by byte');
      assert.deepEqual(wire, before);
    });
  }

  it('gives what is complete before every truncation, and nothing else', () => {
    const wire = joined([
      rtp(0, 20),
      text('ANNOUNCE rtsp://h/s RTSP/1.0\r\nContent-Length: 3\r\n\r\nv=0'),
      rtp(1, 30),
      text(OK),
    ]);
    const all = units(wire);
    for (let end = 0; end < wire.length; end++) {
      const some = units(wire.subarray(0, end));
      assert.ok(some.length < all.length);
      assert.deepEqual(some, all.slice(0, some.length), `cut off at ${end}`);
    }
  });

  it('gives payloads as they were sent', () => {
    const packet = Uint8Array.from({ length: 300 }, (_, i) => i & 255);
    const wire = frame(9, packet);
    for (let cut = 0; cut <= wire.length; cut++) {
      const framer = new RtspFramer();
      const [unit] = [...framer.push(wire.subarray(0, cut)), ...framer.push(wire.subarray(cut))];
      assert.ok(unit?.kind === 'frame');
      assert.deepEqual([...unit.payload], [...packet]);
    }
  });

  const limits: readonly { readonly name: string; readonly wire: Uint8Array; readonly code: string }[] = [
    {
      name: 'an endless head',
      wire: text(`RTSP/1.0 200 OK\r\nA: ${'x'.repeat(MAX_HEAD_BYTES)}`),
      code: 'head-too-long',
    },
    { name: 'endless headers', wire: text(`RTSP/1.0 200 OK\r\n${'A: x\r\n'.repeat(200)}\r\n`), code: 'head-too-long' },
    {
      name: 'a huge body',
      wire: text(`RTSP/1.0 200 OK\r\nContent-Length: ${MAX_BODY_BYTES + 1}\r\n\r\n`),
      code: 'body-too-long',
    },
    { name: 'endless rubbish', wire: new Uint8Array(MAX_GARBAGE_BYTES + 1), code: 'rtsp-malformed' },
  ];
  for (const { name, wire, code } of limits) {
    it(`ends at ${name} with ${code}, and reads no more`, () => {
      for (const size of [wire.length, 1000, 7]) {
        const framer = newFramer();
        const shown: string[] = [];
        for (let at = 0; at < wire.length; at += size)
          shown.push(...framer.push(wire.subarray(at, at + size)).map(show));
        assert.deepEqual(
          shown.filter((unit) => !unit.startsWith('!')),
          [`?${code}`],
        );
        assert.deepEqual(framer.push(text(OK)), []);
      }
    });
  }

  it('skips rubbish up to the limit', () => {
    assert.deepEqual(units(new Uint8Array(MAX_GARBAGE_BYTES), rtp(0, 20)), [`!${MAX_GARBAGE_BYTES}`, '0:20']);
  });
});
