import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, parseDuration, parseListenAddress, parseShare, parseSize } from './values.ts';

test('durations, sizes, shares', () => {
  const durations: readonly (readonly [string, number | undefined])[] = [
    ['500ms', 500],
    ['0.5s', 500],
    ['10 s', 10_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['0s', 0],
    ['10', undefined],
    ['-1s', undefined],
    ['1e3s', undefined],
    ['s', undefined],
    ['', undefined],
    ['10S', undefined],
  ];
  for (const [text, expected] of durations) assert.equal(parseDuration(text), expected, text);
  const sizes: readonly (readonly [string, number | undefined])[] = [
    ['500GB', 500e9],
    ['1.5 TiB', 1.5 * 2 ** 40],
    ['16MiB', 16 * 2 ** 20],
    ['100B', 100],
    ['1 kB', 1000],
    ['5', undefined],
    ['5Gb', undefined],
    ['999999999999999TB', undefined],
  ];
  for (const [text, expected] of sizes) assert.equal(parseSize(text), expected, text);
  const shares: readonly (readonly [string, number | undefined])[] = [
    ['5%', 0.05],
    ['12.5 %', 0.125],
    ['0%', 0],
    ['0.0%', 0],
    ['100%', undefined],
    ['5', undefined],
  ];
  for (const [text, expected] of shares) assert.equal(parseShare(text), expected, text);
});

test('addresses to listen on', () => {
  const rows: readonly (readonly [string, string | undefined, number])[] = [
    [':8554', undefined, 8554],
    ['8554', undefined, 8554],
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['[::1]:8554', '::1', 8554],
    ['[fe80::1%eth0]:8554', 'fe80::1%eth0', 8554],
    ['localhost:80', 'localhost', 80],
  ];
  for (const [text, host, port] of rows) assert.deepEqual(parseListenAddress(text), { host, port }, text);
  for (const text of ['', ':', ':99999', '::1:8554', 'a b:1', '127.0.0.1', '127.0.0.1:', 'http://x:1']) {
    assert.equal(parseListenAddress(text), undefined, text);
  }
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])
    assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org', '128.0.0.1']) assert.ok(!isLoopback(host), host);
});
