import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';

describe('misspeltHints', () => {
  it.each([
    ['PRICE_PER_MESAGE', 'PRICE_PER_MESSAGE'],
    ['OPENAI_MODEL', 'OPENAI_MODELS'],
    ['LOGLEVEL', 'LOG_LEVEL'],
    ['OPNEING_GRANT', 'OPENING_GRANT'],
    ['RATE-LIMITS', 'RATE_LIMITS'],
  ])('says which setting is meant by %s', (name, meant) => {
    const hint = `${name} is not a setting and is ignored. Is ${meant} meant?`;
    expect(loadConfig({ [name]: '7' }).hints).toEqual([hint]);
  });

  it.each([
    { OPENAI_API_KEY2: 'x' },
    { PORTS: '1', HOSTS: 'x' },
    { SMTP_HOST: 'x', HTTP_PORT: '1', FTP_PROXY: 'x', DATABASE: 'x' },
    { https_proxy: 'http://127.0.0.1:9' },
    { PRICE_PER_MESAGE: '7', PRICE_PER_MESSAGE: '8' },
  ])('says nothing of names of other programs: %j', (env: Record<string, string>) => {
    expect(loadConfig(env).hints).toEqual([]);
  });
});
