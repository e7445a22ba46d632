import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from './command-line.ts';
import type { Command } from './command-line.ts';

test('command lines', () => {
  const rows: readonly (readonly [string, Command])[] = [
    ['', { kind: 'run', configFile: undefined }],
    ['--config a.yml', { kind: 'run', configFile: 'a.yml' }],
    ['-c a.yml', { kind: 'run', configFile: 'a.yml' }],
    ['run --config=a.yml', { kind: 'run', configFile: 'a.yml' }],
    ['check', { kind: 'check', configFile: undefined }],
    ['--config a.yml check', { kind: 'check', configFile: 'a.yml' }],
    [
      'probe rtsp://host/a --json --bundle b.jsonl',
      {
        kind: 'probe',
        url: 'rtsp://host/a',
        json: true,
        forMs: 5000,
        bundle: 'b.jsonl',
        transport: 'auto',
        fingerprint: undefined,
      },
    ],
    [
      'pull rtsp://host/a a.mp4 --for 2.5s --transport udp',
      {
        kind: 'pull',
        url: 'rtsp://host/a',
        file: 'a.mp4',
        forMs: 2500,
        force: false,
        transport: 'udp',
        fingerprint: undefined,
      },
    ],
    [
      '--loop push a.mp4 rtsp://host/a',
      { kind: 'push', file: 'a.mp4', url: 'rtsp://host/a', loop: true, transport: 'tcp', fingerprint: undefined },
    ],
    ['--version', { kind: 'version' }],
    ['check --help', { kind: 'help' }],
  ];
  for (const [line, command] of rows)
    assert.deepEqual(parseCommandLine(line.split(' ').filter((word) => word !== '')), command, line);
});

test('what cannot be meant is usage', () => {
  const lines = [
    'chek',
    '--confg a',
    '--config',
    'check twice',
    '--config=',
    '-x',
    'probe',
    'probe a b',
    'probe a --loop',
    'run --json',
    'pull a',
    'pull a b --for 10',
    'pull a b --for 0s',
    'pull a b --transport smoke-signals',
    'pull a b --fingerprint 12',
    'push a b --transport multicast',
    'push a b --force',
  ];
  for (const line of lines) assert.equal(parseCommandLine(line.split(' ')).kind, 'usage', line);
});
