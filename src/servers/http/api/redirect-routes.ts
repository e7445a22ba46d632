/** POST and DELETE /api/v1/streams/{name}/redirect and /api/v1/drain: where RTSP readers are sent instead. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { assertStreamName } from '../../../config/stream-name.ts';
import { WeirError } from '../../../core/errors.ts';
import type { ApiContext } from './api-context.ts';
import { problems } from './problems.ts';

const MAX_URL_LENGTH = 2048;
const SERVER_URL = /^rtsps?:\/\/[^\s/?#@]+$/i;
const STREAM_URL = /^rtsps?:\/\/[^\s/?#@]+\/[^\s#]+$/i;

const target = (form: RegExp, description: string, example: string) =>
  z.strictObject({
    to: z
      .string()
      .max(MAX_URL_LENGTH)
      .refine((url) => form.test(url) && URL.canParse(url), { message: `expected a URL such as ${example}` })
      .meta({ description, example }),
  });

const DrainRequest = target(
  SERVER_URL,
  'The other server, without a path: names of streams follow',
  'rtsp://other:8554',
);
const RedirectRequest = target(STREAM_URL, 'The stream on the other server', 'rtsp://other:8554/lobby');

const SentAwayReport = z
  .object({
    to: z.string(),
    sessions: z.number().int().min(0).meta({ description: 'Sent away now: they end within seconds' }),
  })
  .meta({ id: 'SentAway' });

const STATUSES = [400, 401, 403, 421, 429] as const;

export function redirectRoutes(context: ApiContext): FastifyPluginAsyncZod {
  const { authenticator, registry, redirects } = context;
  const params = z.object({ name: z.string().meta({ description: 'The name, percent-encoded: lobby%2Flow' }) });
  const done = { 204: z.null().meta({ description: 'Served here again' }) };
  return async (app) => {
    app.post('/streams/:name/redirect', {
      schema: {
        operationId: 'redirectStream',
        summary: 'Sends the RTSP readers of a stream to another URL, those that are there and those that come',
        tags: ['streams'],
        params,
        body: RedirectRequest,
        response: { 200: SentAwayReport, ...problems(...STATUSES, 404, 503) },
      },
      handler: async (request) => {
        const { name } = request.params;
        const { to } = request.body;
        assertStreamName(name);
        authenticator.demand(authenticator.identify(request.raw), ['manage'], name);
        if ((await registry.find(name)) === undefined)
          throw new WeirError('stream-unknown', `There is no stream ${name}`);
        return { to, sessions: redirects.redirect(name, to) };
      },
    });

    app.delete('/streams/:name/redirect', {
      schema: {
        operationId: 'endRedirect',
        summary: 'Serves the stream here again',
        tags: ['streams'],
        params,
        response: { ...done, ...problems(...STATUSES) },
      },
      handler: (request, reply) => {
        const { name } = request.params;
        assertStreamName(name);
        authenticator.demand(authenticator.identify(request.raw), ['manage'], name);
        redirects.redirect(name, undefined);
        reply.code(204);
        return null;
      },
    });

    app.post('/drain', {
      schema: {
        operationId: 'drain',
        summary: 'Sends all RTSP readers and publishers to another server; /readyz says not-ready meanwhile',
        tags: ['server'],
        body: DrainRequest,
        response: { 200: SentAwayReport, ...problems(...STATUSES) },
      },
      handler: (request) => {
        const { to } = request.body;
        authenticator.demand(authenticator.identify(request.raw), ['manage'], undefined);
        return { to, sessions: redirects.drain(to) };
      },
    });

    app.delete('/drain', {
      schema: {
        operationId: 'endDrain',
        summary: 'Serves everybody here again',
        tags: ['server'],
        response: { ...done, ...problems(401, 403, 421, 429) },
      },
      handler: (request, reply) => {
        authenticator.demand(authenticator.identify(request.raw), ['manage'], undefined);
        redirects.drain(undefined);
        reply.code(204);
        return null;
      },
    });
  };
}
