import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The files of the package `swagger-ui-dist` that the page loads, and their types. */
const FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** The files that were asked for. Each is read once: a copy for each request would let anyone fill the memory. */
const read = new Map<string, Buffer>();

/**
 * Returns a file of the page, or undefined for any other name. `SwaggerModule.setup` would serve the whole
 * package, including its pet shop demo, from routes that cannot be marked public.
 */
export function swaggerUiFile(name: string): { type: string; bytes: Buffer } | undefined {
  const type = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (type === undefined) return undefined;
  const bytes = read.get(name) ?? readFileSync(join(folder, name));
  read.set(name, bytes);
  return { type, bytes };
}

/**
 * Nothing is loaded from other origins. Swagger UI sets styles on its elements, and its style sheet contains
 * icons.
 */
export const SWAGGER_UI_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/**
 * Returns the page. Its links are relative to the URL in the browser, so it also works below another path,
 * with and without the last slash.
 */
export function swaggerUiPage(url: string): string {
  const base = url.split('?', 1)[0]?.endsWith('/') ? '.' : './docs';
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Tallychat API</title>
    <link rel="icon" type="image/png" href="${base}/favicon-32x32.png" />
    <link rel="stylesheet" href="${base}/swagger-ui.css" />
    <link rel="stylesheet" href="${base}/docs.css" />
  </head>
  <body>
    <a class="to-page" href="${base}/../../">To the chat page</a>
    <div id="swagger-ui"></div>
    <script src="${base}/swagger-ui-bundle.js"></script>
    <script src="${base}/start.js"></script>
  </body>
</html>
`;
}
