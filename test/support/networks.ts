/** Settings that let a spec send requests from any address, as a trusted proxy does. */
export const BEHIND_PROXY = { RATE_LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1/32' };

/** Returns the headers of a request from an address. */
export const from = (address: string) => ({ 'X-Forwarded-For': address });
