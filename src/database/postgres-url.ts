/**
 * Returns the URL for the driver. The driver treats the modes `prefer`, `require` and `verify-ca` as `verify-full` and
 * prints a warning of ten lines at each start. With `uselibpqcompat=true` they mean what they mean in `psql`, so they stay.
 */
export function postgresUrl(url: string): string {
  if (/[?&]uselibpqcompat=true(?:&|$)/.test(url)) return url;
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}
