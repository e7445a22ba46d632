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
    ['--version', { kind: 'version' }],
    ['check --help', { kind: 'help' }],
  ];
  for (const [line, command] of rows)
    assert.deepEqual(parseCommandLine(line.split(' ').filter((word) => word !== '')), command, line);
});

test('what cannot be meant is usage', () => {
  for (const line of ['chek', '--confg a', '--config', 'check twice', '--config=', '-x']) {
    assert.equal(parseCommandLine(line.split(' ')).kind, 'usage', line);
  }
});
