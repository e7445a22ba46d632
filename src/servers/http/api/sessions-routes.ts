/** GET /api/v1/sessions, GET and DELETE /api/v1/sessions/{id}. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { WeirError } from '../../../core/errors.ts';
import type { ApiContext } from './api-context.ts';
import { problems } from './problems.ts';
import { SessionListReport, SessionReport } from './schemas.ts';
import { sessionReport, type SessionStatus } from './session-report.ts';

export function sessionsRoutes(context: ApiContext): FastifyPluginAsyncZod {
  const { authenticator, sessions } = context;
  const params = z.object({ id: z.string().meta({ description: 'As in the list' }) });
  const find = (id: string): SessionStatus => {
    const found = sessions.list().find((session) => session.id === id);
    if (found === undefined) throw new WeirError('session-unknown', 'There is no session of that id');
    return found;
  };
  return async (app) => {
    app.get('/sessions', {
      schema: {
        operationId: 'listSessions',
        summary: 'All RTSP sessions of streams that the user manages: the oldest connections first',
        tags: ['sessions'],
        response: { 200: SessionListReport, ...problems(401, 421, 429) },
      },
      handler: (request) => {
        const identity = authenticator.identify(request.raw);
        authenticator.demandIdentity(identity);
        const seen = sessions.list().filter(({ stream }) => authenticator.may(identity, 'manage', stream));
        return { sessions: seen.map(sessionReport) };
      },
    });

    app.get('/sessions/:id', {
      schema: {
        operationId: 'getSession',
        summary: 'One session',
        tags: ['sessions'],
        params,
        response: { 200: SessionReport, ...problems(400, 401, 403, 404, 421, 429) },
      },
      handler: (request) => {
        const identity = authenticator.identify(request.raw);
        authenticator.demandIdentity(identity);
        const session = find(request.params.id);
        authenticator.demand(identity, ['manage'], session.stream);
        return sessionReport(session);
      },
    });

    app.delete('/sessions/:id', {
      schema: {
        operationId: 'endSession',
        summary: 'Ends a session: a reader gets BYE, and its connection closes if it has no other; it may come again',
        tags: ['sessions'],
        params,
        response: { 204: z.null().meta({ description: 'It is ended' }), ...problems(400, 401, 403, 404, 421, 429) },
      },
      handler: (request, reply) => {
        const { id } = request.params;
        const identity = authenticator.identify(request.raw);
        authenticator.demandIdentity(identity);
        authenticator.demand(identity, ['manage'], find(id).stream);
        sessions.end(id);
        reply.code(204);
        return null;
      },
    });
  };
}
