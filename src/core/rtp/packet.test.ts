import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRtpHeader, rewriteRtpHeader, writeRtpHeader } from './packet.ts';

const PLAIN = [0x80, 0xe0, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef, 0xca, 0xfe, 0xba, 0xbe];

const ROWS: readonly (readonly [name: string, packet: readonly number[], payload: readonly number[]])[] = [
  ['plain', [...PLAIN, 1, 2, 3], [1, 2, 3]],
  ['no payload', PLAIN, []],
  ['two CSRC', [0x82, ...PLAIN.slice(1), 0, 0, 0, 1, 0, 0, 0, 2, 9], [9]],
  ['extension of one word', [0x90, ...PLAIN.slice(1), 0xbe, 0xde, 0, 1, 7, 7, 7, 7, 9], [9]],
  ['empty extension', [0x90, ...PLAIN.slice(1), 0xbe, 0xde, 0, 0, 9], [9]],
  ['padding', [0xa0, ...PLAIN.slice(1), 9, 0, 0, 3], [9]],
  ['only padding', [0xa0, ...PLAIN.slice(1), 0, 2], []],
  ['padding that cannot be', [0xa0, ...PLAIN.slice(1), 9, 200], [9, 200]],
  ['padding of none', [0xa0, ...PLAIN.slice(1), 9, 0], [9, 0]],
];

test('headers are read, and the payload found', () => {
  for (const [name, bytes, payload] of ROWS) {
    const packet = Uint8Array.from(bytes);
    const header = parseRtpHeader(packet);
    assert.ok(header, name);
    const { payloadOffset, payloadLength, ...fields } = header;
    assert.deepEqual(
      fields,
      { payloadType: 96, marker: true, sequence: 0x1234, timestamp: 0xdeadbeef, ssrc: 0xcafebabe },
      name,
    );
    assert.deepEqual([...packet.subarray(payloadOffset, payloadOffset + payloadLength)], payload, name);
    assert.deepEqual([...packet], bytes, `${name}: input untouched`);
  }
});

test('what is no packet', () => {
  for (const [name, bytes] of ROWS) {
    for (let length = 0; length < 12; length++) {
      assert.equal(parseRtpHeader(Uint8Array.from(bytes.slice(0, length))), undefined, `${name} cut to ${length}`);
    }
  }
  assert.equal(parseRtpHeader(Uint8Array.from([0x40, ...PLAIN.slice(1)])), undefined, 'version 1');
  assert.equal(parseRtpHeader(Uint8Array.from([0x8f, ...PLAIN.slice(1)])), undefined, 'CSRC cut off');
  assert.equal(
    parseRtpHeader(Uint8Array.from([0x90, ...PLAIN.slice(1), 0, 0, 0xff, 0xff])),
    undefined,
    'extension cut off',
  );
});

test('another line is written in place', () => {
  const line = { payloadType: 97, sequence: 0xfffe, timestamp: 0xfffffffe, ssrc: 1 };
  for (const [name, bytes, payload] of ROWS) {
    const packet = Uint8Array.from(bytes);
    rewriteRtpHeader(packet, line);
    const header = parseRtpHeader(packet);
    assert.ok(header, name);
    assert.deepEqual(
      { ...header, payloadOffset: 0, payloadLength: 0 },
      { ...line, marker: true, payloadOffset: 0, payloadLength: 0 },
    );
    assert.deepEqual(
      [...packet.subarray(header.payloadOffset, header.payloadOffset + header.payloadLength)],
      payload,
      name,
    );
    assert.equal(packet[0], bytes[0]);
  }
});

test('a header is written', () => {
  const packet = new Uint8Array(12).fill(0xff);
  const line = { payloadType: 96, sequence: 0x1234, timestamp: 0xdeadbeef, ssrc: 0xcafebabe };
  writeRtpHeader(packet, line, true);
  assert.deepEqual([...packet], PLAIN);
  writeRtpHeader(packet, line, false);
  assert.equal(parseRtpHeader(packet)?.marker, false);
});
