import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WeirError } from '../core/errors.ts';
import { PinoLog } from './pino-log.ts';

function logged(format: 'json' | 'text', write: (log: PinoLog) => void): string[] {
  const lines: string[] = [];
  write(PinoLog.create({ level: 'info', format, write: (line) => lines.push(line) }));
  return lines;
}

test('a line is a JSON object with time, level, fields and message', () => {
  const lines = logged('json', (log) => {
    log.debug({}, 'not shown');
    log.child({ stream: 'lobby' }).warn({ code: 'source-timeout', attempt: 3 }, 'no answer');
  });
  assert.equal(lines.length, 1);
  const { time, ...line } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
  assert.deepEqual(line, { level: 'warn', stream: 'lobby', code: 'source-timeout', attempt: 3, msg: 'no answer' });
});

test('text for eyes', () => {
  const [line = ''] = logged('text', (log) => log.info({ stream: 'a', label: 'two words' }, 'live'));
  assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} INFO {2}live {2}stream=a label="two words"\n$/);
});

test('no secret comes through, wherever it stands', () => {
  const secret = 'hunter2';
  const [line = ''] = logged('json', (log) => {
    const url = `rtsp://admin:${secret}@192.0.2.1/x`;
    const cause = new TypeError(`cannot parse ${url}`);
    log.child({ source: url }).error(
      {
        url,
        password: secret,
        headers: { Authorization: `Basic ${secret}`, list: [url, new URL(url)] },
        map: new Map([['token', secret]]),
        error: new WeirError('source-unreachable', `no route to ${url}`, { place: url, cause }),
        plain: new Error(url),
        deep: { a: { b: { c: { d: { e: secret } } } } },
      },
      `trying ${url}?token=${secret}`,
    );
  });
  assert.ok(!line.includes(secret), line);
  assert.ok(line.includes('"code":"source-unreachable"'));
  assert.ok(line.includes('192.0.2.1'));
});

test('no password in the path or the query of a camera comes through', () => {
  for (const path of [
    'user=admin_password=hunter2_channel=1_stream=0.sdp',
    '?loginuse=admin&loginpas=hunter2',
    '?authbasic=hunter2',
    '?u=admin&p=hunter2',
  ]) {
    const [line = ''] = logged('json', (log) => {
      const url = `rtsp://192.0.2.1/${path}`;
      const error = new WeirError('source-refused', `It refuses ${url}`, { place: url });
      log.error({ source: url, loginpas: 'hunter2', error }, `The source ${url} is away`);
    });
    assert.ok(!line.includes('hunter2'), line);
    assert.ok(line.includes('192.0.2.1'), line);
  }
});

test('odd values do not break a line', () => {
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  const [line = ''] = logged('json', (log) =>
    log.info({ loop, big: 10n, bytes: new Uint8Array(9), none: undefined, text: 'x'.repeat(9000) }, 'odd'),
  );
  const parsed = JSON.parse(line) as Record<string, unknown>;
  assert.equal(parsed['big'], '10');
  assert.equal(parsed['bytes'], '9 bytes');
  assert.ok(line.length < 6000);
});
