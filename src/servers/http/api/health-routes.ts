/** /healthz: the process answers. /readyz: it does its work. /metrics: figures for Prometheus. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { ApiContext } from './api-context.ts';
import { problems } from './problems.ts';
import { HealthReport } from './schemas.ts';

export function healthRoutes(context: ApiContext): FastifyPluginAsyncZod {
  const { authenticator, metrics } = context;
  return async (app) => {
    app.get('/healthz', {
      schema: {
        operationId: 'getHealth',
        summary: 'Whether the process answers',
        tags: ['health'],
        response: { 200: HealthReport },
      },
      handler: () => ({ status: 'ok' as const, reasons: [] }),
    });

    app.get('/readyz', {
      schema: {
        operationId: 'getReadiness',
        summary: 'Whether weir does its work',
        tags: ['health'],
        response: { 200: HealthReport, 503: HealthReport },
      },
      handler: async (_request, reply) => {
        const reasons = [...context.notReady()];
        const status = reasons.length === 0 ? 'ok' : 'not-ready';
        return await reply.code(status === 'ok' ? 200 : 503).send({ status, reasons });
      },
    });

    app.get('/metrics', {
      schema: {
        operationId: 'getMetrics',
        summary: 'Metrics for Prometheus, for users who may manage',
        tags: ['health'],
        response: { 200: METRICS_TEXT, ...problems(401, 403, 421, 429) },
      },
      handler: async (request, reply) => {
        authenticator.demand(authenticator.identify(request.raw), ['manage'], undefined);
        return reply.header('Content-Type', metrics.contentType).send(await metrics.text());
      },
    });
  };
}

const METRICS_TEXT = {
  description: 'The text format of Prometheus; docs/metrics.md has the names',
  content: { 'text/plain': { schema: z.string() } },
};
