import assert from 'node:assert/strict';
import { it } from 'node:test';
import { allowedMethods, nextPhase, type SessionMethod, type SessionPhase } from './session-state.ts';

const METHODS: readonly SessionMethod[] = ['SETUP', 'PLAY', 'PAUSE', 'RECORD', 'TEARDOWN'];

/** RFC 2326 appendix A.2, with the departures that the file under test gives reasons for. '–': 455. */
const PLAY_TABLE: Readonly<Record<SessionPhase, string>> = {
  //          SETUP PLAY    PAUSE RECORD TEARDOWN
  init: '     ready –       –     –      –',
  ready: '    ready playing ready –      init',
  playing: '  –     playing ready –      init',
  recording: '–     –       –     –      –',
};
const RECORD_TABLE: Readonly<Record<SessionPhase, string>> = {
  init: '     ready –       –     –         –',
  ready: '    ready –       ready recording init',
  playing: '  –     –       –     –         –',
  recording: '–     –       ready recording init',
};

for (const [purpose, table] of [['play', PLAY_TABLE] as const, ['record', RECORD_TABLE] as const]) {
  for (const [phase, row] of Object.entries(table) as [SessionPhase, string][]) {
    it(`${purpose}, ${phase}`, () => {
      const next = METHODS.map((method) => nextPhase(phase, purpose, method) ?? '–');
      assert.deepEqual(next, row.trim().split(/\s+/));
      const allowed = allowedMethods(phase, purpose);
      for (const [index, method] of METHODS.entries()) assert.equal(allowed.includes(method), next[index] !== '–');
    });
  }
}
