/** The OpenAPI document: what the routes' schemas do not say of themselves, and what is taken out of it again. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';

export function documentOptions(version: string): FastifyDynamicSwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'weir',
        version,
        description:
          'Times are ISO 8601 in UTC. Errors are problem documents (RFC 9457). Other methods than those listed, and HEAD, are answered with 405.',
      },
      components: { securitySchemes: { basic: { type: 'http', scheme: 'basic' } } },
      security: [{ basic: [] }, {}],
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  };
}

type Transformed = ReturnType<typeof jsonSchemaTransformObject>;

/** Each schema is made in two forms, for what is sent here and for what is answered: those that nothing refers to go, from the document itself. */
function withoutUnused(document: Transformed): Transformed {
  if (!('components' in document)) return document;
  const { schemas = {} } = document.components ?? {};
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name] ?? {});
    }
  };
  visit(document.paths ?? {});
  for (const name of Object.keys(schemas)) if (!used.has(name)) delete schemas[name];
  return document;
}
