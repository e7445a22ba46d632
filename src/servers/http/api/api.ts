/** Everything of HTTP but media: API, its document, health, metrics, the page. Errors are problem documents. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import fastifySwagger from '@fastify/swagger';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { hasZodFastifySchemaValidationErrors, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { Log } from '../../../base/log.ts';
import { WeirError } from '../../../core/errors.ts';
import { pageRoutes } from '../page.ts';
import { PROBLEM_TYPE, asWeirError, problemHeaders, problemOf } from '../problem.ts';
import { isLikeViewPath } from '../url-table.ts';
import type { ApiContext } from './api-context.ts';
import { documentOptions } from './document.ts';
import { healthRoutes } from './health-routes.ts';
import { recordingsRoutes } from './recordings-routes.ts';
import { redirectRoutes } from './redirect-routes.ts';
import { sessionsRoutes } from './sessions-routes.ts';
import { streamsRoutes } from './streams-routes.ts';

export interface ApiOptions extends ApiContext {
  readonly log: Log;
  /** Folder of the built page; it need not be there yet. */
  readonly pageFolder: string | undefined;
  /** Makes the server that requests come through. */
  readonly serverFactory: (handler: (request: IncomingMessage, response: ServerResponse) => void) => Server;
}

/** Of a request's body: the largest is a stream's settings. */
const MAX_BODY_BYTES = 64 * 1024;
/** Of a path's part: a stream's name, every byte percent-encoded. */
const MAX_PARAM_LENGTH = 1000;

/** Ready to answer, not yet listening. */
export async function openApi(options: ApiOptions): Promise<FastifyInstance> {
  const app = fastify({
    serverFactory: options.serverFactory,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    forceCloseConnections: 'idle',
    // A bad escape in a path is an answer like all others.
    frameworkErrors: (error, _request, reply) => void sendError(reply, asMalformed(error)),
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  const sendError = (reply: Reply, error: WeirError): unknown =>
    reply
      .code(error.row.http)
      .headers(problemHeaders(error, options.authenticator.realm))
      .type(PROBLEM_TYPE)
      .send(JSON.stringify(problemOf(error)));

  // A browser lets any page try: nothing of ours lets it read the answer, but what is done is done.
  app.addHook('onRequest', async ({ method, headers: { origin } }) => {
    if (method === 'GET' || method === 'HEAD' || origin === undefined || options.isOwnOrigin(origin)) return;
    throw new WeirError('forbidden', `Pages of ${origin} may not do that`);
  });

  app.setErrorHandler((thrown, request, reply) => {
    const error = readError(thrown);
    if (error.code === 'internal')
      options.log.error({ error: thrown, path: request.routeOptions.url }, 'an API request failed');
    return sendError(reply, error);
  });
  app.setNotFoundHandler((request, reply) => {
    const { method } = request;
    if (method === 'GET' || method === 'HEAD') return sendError(reply, unknown(request.url));
    return sendError(
      reply.header('Allow', allowedOn(request.url)),
      new WeirError('method-unknown', `${method} is not served here`),
    );
  });

  await app.register(fastifySwagger, documentOptions(options.version));
  await app.register(healthRoutes(options));
  await app.register(streamsRoutes(options), { prefix: '/api/v1' });
  await app.register(recordingsRoutes(options), { prefix: '/api/v1' });
  await app.register(sessionsRoutes(options), { prefix: '/api/v1' });
  await app.register(redirectRoutes(options), { prefix: '/api/v1' });
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, () => app.swagger());
  if (options.pageFolder !== undefined) await app.register(pageRoutes(options.pageFolder));
  await app.ready();
  return app;
}

type Reply = Parameters<Parameters<FastifyInstance['setErrorHandler']>[0]>[2];

function readError(thrown: unknown): WeirError {
  if (hasZodFastifySchemaValidationErrors(thrown)) {
    const [first] = thrown.validation;
    const place = `${thrown.validationContext ?? 'request'}${first?.instancePath ?? ''}`;
    return new WeirError('request-malformed', first?.message ?? 'The request has the wrong form', { place });
  }
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') {
    if (thrown.statusCode === 413)
      return new WeirError('request-too-large', 'The body is too large', {
        expected: `at most ${MAX_BODY_BYTES} bytes`,
      });
    if (thrown.statusCode === 404) return new WeirError('path-unknown', 'There is no such path here');
    if (thrown.statusCode < 500) return asMalformed(thrown);
  }
  return asWeirError(thrown);
}

/** What is answered on a path that has no such method. */
function allowedOn(url: string): string {
  const [path = ''] = url.split('?', 1);
  if (/^\/api\/v1\/(?:drain|streams\/[^/]+\/redirect)$/.test(path)) return 'POST, DELETE';
  return path.startsWith('/api/v1/sessions/') ? 'GET, HEAD, DELETE' : 'GET, HEAD';
}

/** What is said of a URL that nothing answers to. */
function unknown(url: string): WeirError {
  const [path = ''] = url.split('?', 1);
  if (isLikeViewPath(path)) return new WeirError('view-unknown', 'A stream has no such view');
  return new WeirError('path-unknown', 'There is no such path here');
}

function asMalformed(cause: Error): WeirError {
  return new WeirError('request-malformed', cause.message, { cause });
}
