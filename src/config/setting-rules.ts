import { EnvError, makeValidator } from 'envalid';

export const integer = ({ min, max }: { min: number; max: number }) =>
  makeValidator<number>((input) => {
    const value = /^(?:0|[1-9]\d*)$/.test(input.trim()) ? Number(input) : Number.NaN;
    if (!(value >= min && value <= max)) {
      throw new EnvError(`must be a whole number from ${String(min)} to ${String(max)}`);
    }
    return value;
  });

export const host = makeValidator<string>((input) => {
  if (/^[\w.:-]+$/.test(input)) return input;
  throw new EnvError('must be an address or a host name');
});

/** The modes that the driver supports. It treats any other value as `verify-full`, without an error. */
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

/**
 * Returns the problem of a database URL, or undefined if it is valid. The text never contains the URL,
 * because it may contain a password.
 */
export function databaseUrlFault(url: string): string | undefined {
  if (/^sqlite:.*:memory:/.test(url)) {
    return 'must name a file: a second connection does not see a database in memory';
  }
  if (/^sqlite:(?:\/\/|file:)/.test(url)) {
    return 'must be sqlite:<path>, for example sqlite:/srv/tallychat.sqlite or sqlite:./data/tallychat.sqlite. Do not write //: its meaning is ambiguous';
  }
  if (/^sqlite:~[^/\\]/.test(url) || url === 'sqlite:~') {
    return 'must be sqlite:<path of a file>. With ~, only ~/<path> is supported';
  }
  if (/^sqlite:(?:\s|.*\s$)/.test(url)) {
    return 'must be sqlite:<path>, without a space before or after the path';
  }
  if (/^sqlite:.*[/\\]$/.test(url)) return 'must name a file, not a folder';
  const isServer = /^postgres(?:ql)?:\/\/.+/.test(url) && URL.canParse(url);
  const sslMode = isServer ? new URL(url).searchParams.get('sslmode') : null;
  if (sslMode !== null && !SSL_MODES.includes(sslMode)) {
    return `has an unknown sslmode: use one of ${SSL_MODES.join(', ')}`;
  }
  if (isServer || /^sqlite:.+/.test(url)) return undefined;
  return 'must be sqlite:<path> or postgres://<user>:<password>@<host>:<port>/<name>, percent-encoded';
}

export const databaseUrl = makeValidator<string>((input) => {
  const fault = databaseUrlFault(input);
  if (fault !== undefined) throw new EnvError(fault);
  return input;
});

export const jwtSecret = makeValidator<string>((input) => {
  if (input === '' || input.length >= 32) return input;
  throw new EnvError('must have at least 32 characters, or be empty');
});

/** The error never contains the value, because it may contain a password. */
export const proxyUrl = makeValidator<string>((input) => {
  if (input === '' || (/^https?:\/\/.+/.test(input) && URL.canParse(input))) return input;
  throw new EnvError('must be http://<host>:<port> or https://<host>:<port>');
});

export const hosts = makeValidator<string>((input) => {
  if (/^(?:[\w.*:[\]-]+(?:\s*,\s*|$))*$/.test(input)) return input;
  throw new EnvError('must be hosts, with or without a port, separated by commas');
});

/** Removes the slashes at the end of a URL, so that a path can be appended. */
export function withoutLastSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end -= 1;
  return url.slice(0, end);
}

const isWebUrl = (url: URL) =>
  ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '';

/**
 * Links are built by appending a path and a fragment, so the URL must not have a query. A secret that was made from a
 * file often ends with a line end, at which mail programs would cut the link.
 */
export const publicUrl = makeValidator<string>((given) => {
  const input = given.trim();
  const isPlain = URL.canParse(input) && isWebUrl(new URL(input)) && !/[?#\s]/.test(input);
  if (input === '' || isPlain) return withoutLastSlashes(input);
  throw new EnvError('must be http:// or https:// with a host, without a query, or be empty');
});

/** The error never contains the value, because it may contain a password. */
export const smtpUrl = makeValidator<string>((input) => {
  if (input === '' || (/^smtps?:\/\/.+/.test(input) && URL.canParse(input))) return input;
  throw new EnvError(
    'must be smtp://<user>:<password>@<host>:<port> or smtps://..., percent-encoded, or be empty',
  );
});

export const smtpFrom = makeValidator<string>((input) => {
  if (input === '' || /^[^\r\n]*[^\s@<]@[^\s@>]+>?$/.test(input)) return input;
  throw new EnvError('must be an address, or a name with an <address>, or be empty');
});
