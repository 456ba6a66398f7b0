import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** A path as clients write it: below /api/ with its last slash. */
function wirePath(path: string): string {
  return path.startsWith('/api/') ? `${path}/` : path;
}

/** The OpenAPI 3.1 document of every route. Call when the application is initialised. */
export function describeApi(app: NestFastifyApplication): OpenAPIObject {
  const document = SwaggerModule.createDocument(app, {
    openapi: '3.1.0',
    info: { title: 'Tallychat', version: '0.1.0' },
    servers: [{ url: '/' }],
  });
  const paths = Object.entries(document.paths).map(([path, item]) => [wirePath(path), item]);
  return { ...document, paths: Object.fromEntries(paths) as OpenAPIObject['paths'] };
}
