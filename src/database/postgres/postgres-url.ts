/**
 * Returns the URL for the driver. The driver treats the modes `prefer`, `require` and `verify-ca` as `verify-full`,
 * and prints a warning of ten lines at each start. `uselibpqcompat=true` gives these modes the meaning that they
 * have in `psql`, without a warning.
 */
export function postgresUrl(url: string): string {
  if (/[?&]uselibpqcompat=true(?:&|$)/.test(url)) return url;
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full');
}
