import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERRORS, WeirError, type ErrorCode } from '../../errors.ts';
import { RtspFramer } from '../wire/framer.ts';
import { BASE, Dialogue, TCP } from './fake-peer.ts';
import { ERROR_HEADER, MAX_ERROR_TEXT, refusal, refusalOf, replyBytes, type Reply } from './response.ts';

const UDP = { Transport: 'RTP/AVP;unicast;client_port=5000-5001' };
const CLOCK = { Range: 'clock=20261124T101500Z-' };

/** Method, URI, headers, code, and how its sentence begins. */
const REFUSED: readonly (readonly [string, string, Readonly<Record<string, string>>, ErrorCode, string])[] = [
  ['FLY', BASE, {}, 'method-unknown', 'The method'],
  ['OPTIONS', '*', { CSeq: '' }, 'request-malformed', 'The request has no CSeq'],
  ['DESCRIBE', '*', {}, 'request-malformed', 'The URL names no stream'],
  ['DESCRIBE', BASE, { Accept: 'text/html' }, 'not-acceptable', 'No acceptable'],
  ['SETUP', 'rtsp://192.0.2.1/lobby', TCP, 'stream-unknown', 'no such stream'],
  ['SETUP', `${BASE}/trackID=9`, TCP, 'track-unknown', 'The stream has no such track'],
  ['SETUP', BASE, UDP, 'transport-unsupported', 'None of the offered transports'],
  ['SETUP', BASE, { ...TCP, Require: 'x' }, 'option-unsupported', 'A required option'],
  ['PLAY', BASE, {}, 'method-invalid-in-state', 'The method does not fit'],
  ['PLAY', BASE, { Session: 'nope' }, 'session-unknown', 'There is no such session'],
];

describe('a refusal', () => {
  for (const [method, uri, headers, code, begins] of REFUSED) {
    it(`says why: ${method} ${code}`, () => {
      const reply = new Dialogue().ask(method, uri, headers);
      assert.equal(reply.status, ERRORS[code].rtsp);
      const told = reply.headers.get(ERROR_HEADER) ?? '';
      assert.ok(told.startsWith(`${code}; ${begins}`), told);
    });
  }

  it('of a clock range says what is served', () => {
    const peer = new Dialogue();
    peer.ask('SETUP', BASE, TCP);
    const reply = peer.ask('PLAY', BASE, { Session: 's1', ...CLOCK });
    assert.equal(
      reply.headers.get(ERROR_HEADER),
      'archive-not-served; Over RTSP only what is live is served; expected npt=now-',
    );
  });

  it('has the title as its reason, and sentence and remedy as its body', () => {
    const wire = text(refusalOf(new WeirError('stream-busy', 'yard has a publisher')));
    const { title, remedy } = ERRORS['stream-busy'];
    const body = `yard has a publisher\n${remedy}\n`;
    assert.equal(
      wire,
      `RTSP/1.0 453 ${title}\r\nCSeq: 7\r\nServer: weir\r\nX-Weir-Error: stream-busy; yard has a publisher\r\n` +
        `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  });

  it('that clients ask again after has the standard reason and no body', () => {
    assert.match(text(refusal('transport-unsupported')), /^RTSP\/1\.0 461 Unsupported transport\r\n(?:.*\r\n)*\r\n$/);
    const challenge = ['WWW-Authenticate', 'Basic realm="x"'] as const;
    assert.match(text(refusal('unauthorized', [challenge])), /^RTSP\/1\.0 401 Unauthorized\r\n(?:.*\r\n)*\r\n$/);
  });

  it('does not tell of places and causes', () => {
    const cause = new WeirError('source-unreachable', 'secret', { place: '10.0.0.5:554' });
    const wire = text(refusalOf(new WeirError('stream-offline', 'yard is not live', { place: '10.0.0.5', cause })));
    assert.doesNotMatch(wire, /secret|10\.0\.0\.5/);
  });

  it('is one line of bounded length, whatever a peer put into it', () => {
    const wire = text(refusalOf(new WeirError('sdp-invalid', `a\r\nX: y\u0000${'z'.repeat(5000)}`)));
    const [unit, ...more] = new RtspFramer().push(new TextEncoder().encode(wire));
    assert.deepEqual(more, []);
    assert.ok(unit?.kind === 'message');
    assert.equal(unit.message.headers.get('X'), undefined);
    const told = unit.message.headers.get(ERROR_HEADER) ?? '';
    assert.ok(told.startsWith('sdp-invalid; a X: y z'));
    assert.equal(told.length, 'sdp-invalid; '.length + MAX_ERROR_TEXT + 1);
  });

  it('by the fault of weir itself has a code too', () => {
    const peer = new Dialogue();
    peer.edge = () => ({ kind: 'tracks', ssrcs: [], user: undefined });
    const reply = peer.ask('DESCRIBE', BASE);
    assert.equal(reply.status, 500);
    assert.match(reply.headers.get(ERROR_HEADER) ?? '', /^internal; /);
  });
});

function text(reply: Reply): string {
  return new TextDecoder().decode(replyBytes(reply, '7', undefined));
}
