import { describeRoute } from './route-docs.js';

export const DocumentationDocs = {
  schema: () =>
    describeRoute({
      id: 'readSchema',
      tag: 'Documentation',
      summary: 'Read this description as OpenAPI 3.1',
      description:
        'For generators of clients and tests. It has the limits and prices that are set.',
      answers: {
        200: {
          description: 'The document, whatever `Accept` asks for.',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
      },
    }),

  page: () =>
    describeRoute({
      id: 'readDocs',
      tag: 'Documentation',
      summary: 'Read this description and try the API',
      description: 'A page that sends each request and shows its answer.',
      answers: {
        200: {
          description: 'Swagger UI.',
          content: { 'text/html': { schema: { type: 'string' } } },
        },
      },
    }),
};
