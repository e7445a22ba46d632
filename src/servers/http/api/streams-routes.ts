/** GET /api/v1/streams and /api/v1/streams/{name}. */
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { assertStreamName } from '../../../config/stream-name.ts';
import { WeirError } from '../../../core/errors.ts';
import type { Stream } from '../../../stream/stream.ts';
import { viewerOf } from './api-context.ts';
import type { ApiContext } from './api-context.ts';
import { problems } from './problems.ts';
import { StreamListReport, StreamReport } from './schemas.ts';
import { streamReport } from './stream-report.ts';

export function streamsRoutes(context: ApiContext): FastifyPluginAsyncZod {
  const report = (stream: Stream): z.output<typeof StreamReport> | undefined => {
    const settings = context.settingsOf(stream.name);
    return settings === undefined
      ? undefined
      : streamReport(stream, settings, context.filesFolder, context.recordingOf(stream.name));
  };
  return async (app) => {
    app.get('/streams', {
      schema: {
        operationId: 'listStreams',
        summary: 'All streams that the user may see, by name',
        tags: ['streams'],
        response: { 200: StreamListReport, ...problems(401, 421, 429) },
      },
      handler: (request) => {
        const viewer = viewerOf(context, request.raw);
        const seen = context.registry.list().filter((stream) => viewer.sees(stream.name));
        const streams = seen.map(report).filter((stream) => stream !== undefined);
        return { streams: streams.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
      },
    });

    app.get('/streams/:name', {
      schema: {
        operationId: 'getStream',
        summary: 'One stream',
        tags: ['streams'],
        params: z.object({ name: z.string().meta({ description: 'The name, percent-encoded: lobby%2Flow' }) }),
        response: { 200: StreamReport, ...problems(400, 401, 403, 404, 421, 429) },
      },
      handler: async (request) => {
        const { name } = request.params;
        assertStreamName(name);
        if (!viewerOf(context, request.raw).sees(name))
          throw new WeirError('forbidden', `The user may not see ${name}`);
        const stream = context.registry.list().find((one) => one.name === name) ?? (await context.registry.find(name));
        const found = stream === undefined ? undefined : report(stream);
        if (found === undefined) throw new WeirError('stream-unknown', `There is no stream ${name}`);
        return found;
      },
    });
  };
}
