/**
 * What a session may be asked for, and what becomes of it: RFC 2326 appendix A.2, server side.
 *
 *              SETUP     PLAY      RECORD      PAUSE    TEARDOWN
 *     init     ready     –         –           –        –
 *     ready    ready     playing   recording   –        init
 *     playing  –         playing   –           ready    init
 *     recording –        –         recording   ready    init
 *
 * Where it departs: a transport cannot be changed while media flows (RFC: SETUP keeps the state), since only the connection that
 * set it up could say when; PAUSE in `ready` is answered 200 (RFC: refused), since players send it twice. A recording that pauses is a source
 * that is away (GStreamer's rtspclientsink says PAUSE before each TEARDOWN).
 */
export type SessionPurpose = 'play' | 'record';
export type SessionPhase = 'init' | 'ready' | 'playing' | 'recording';
export type SessionMethod = 'SETUP' | 'PLAY' | 'PAUSE' | 'RECORD' | 'TEARDOWN';

/** The phase after `method` succeeded; undefined if it may not be asked now: 455. */
export function nextPhase(
  phase: SessionPhase,
  purpose: SessionPurpose,
  method: SessionMethod,
): SessionPhase | undefined {
  return TRANSITIONS[purpose][phase][method];
}

/** For the Allow header of a 455: what the session may be asked for now, and what needs none. */
export function allowedMethods(phase: SessionPhase, purpose: SessionPurpose): readonly string[] {
  const always = ['OPTIONS', 'DESCRIBE', 'ANNOUNCE', 'GET_PARAMETER', 'SET_PARAMETER'];
  return [...always, ...Object.keys(TRANSITIONS[purpose][phase])];
}

type Row = Readonly<Partial<Record<SessionMethod, SessionPhase>>>;

const TRANSITIONS: Readonly<Record<SessionPurpose, Readonly<Record<SessionPhase, Row>>>> = {
  play: {
    init: { SETUP: 'ready' },
    ready: { SETUP: 'ready', PLAY: 'playing', PAUSE: 'ready', TEARDOWN: 'init' },
    playing: { PLAY: 'playing', PAUSE: 'ready', TEARDOWN: 'init' },
    recording: {},
  },
  record: {
    init: { SETUP: 'ready' },
    ready: { SETUP: 'ready', RECORD: 'recording', PAUSE: 'ready', TEARDOWN: 'init' },
    playing: {},
    recording: { RECORD: 'recording', PAUSE: 'ready', TEARDOWN: 'init' },
  },
};
