import { describeRoute } from './route-docs.js';

export const DocumentationDocs = {
  schema: () =>
    describeRoute({
      id: 'readSchema',
      tag: 'Documentation',
      summary: 'Read this description as OpenAPI 3.1',
      description:
        'For generators of clients and tests. It contains the configured limits and prices.',
      answers: {
        200: {
          description: 'The document. `Accept` is ignored.',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
      },
    }),

  page: () =>
    describeRoute({
      id: 'readDocs',
      tag: 'Documentation',
      summary: 'Read this description and try the API',
      description: 'A page that can send each request and shows the answer.',
      answers: {
        200: {
          description: 'Swagger UI.',
          content: { 'text/html': { schema: { type: 'string' } } },
        },
      },
    }),
};
