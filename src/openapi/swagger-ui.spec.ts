import { describe, expect, it } from '@jest/globals';
import { swaggerUiFile } from './swagger-ui.js';

const MEBIBYTE = 2 ** 20;
/** The largest file, of 1.5 MB. */
const BUNDLE = 'swagger-ui-bundle.js';

describe('the files of Swagger UI', () => {
  it('are in memory once, for any number of requests at the same time', () => {
    const before = process.memoryUsage().arrayBuffers;
    const files = Array.from({ length: 100 }, () => swaggerUiFile(BUNDLE));
    // A copy for each request would be 150 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MEBIBYTE);
    const [first] = files;
    expect(first?.bytes.length).toBeGreaterThan(MEBIBYTE);
    for (const file of files) expect(file?.bytes).toBe(first?.bytes);
  });

  it('are only those that the page loads', () => {
    expect(swaggerUiFile('swagger-ui.css')?.type).toBe('text/css; charset=utf-8');
    for (const name of ['index.html', '../package.json', 'constructor', '']) {
      expect(swaggerUiFile(name)).toBeUndefined();
    }
  });
});
