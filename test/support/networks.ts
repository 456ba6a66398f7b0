/** Settings under which a spec speaks for any address, as a trusted proxy does. */
export const BEHIND_PROXY = { RATE_LIMITS: 'on', TRUSTED_PROXIES: '127.0.0.1/32' };

/** Headers of a request that comes from an address. */
export const from = (address: string) => ({ 'X-Forwarded-For': address });
