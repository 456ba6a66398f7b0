import { Caller, type HttpClient } from './client.js';

/** A new API key, and a caller that uses it. */
export interface MadeKey {
  readonly id: string;
  readonly secret: string;
  readonly caller: Caller;
}

/** Creates an API key over HTTP. The new caller uses `http`. */
export async function makeKey(
  http: HttpClient,
  owner: Caller,
  settings: Record<string, unknown> = {},
): Promise<MadeKey> {
  const { status, body, raw } = await owner.send('POST', '/api/keys/', {
    name: 'script',
    ...settings,
  });
  if (status !== 201) throw new Error(`no key: ${raw}`);
  const { id, key } = body as { id: string; key: string };
  return { id, secret: key, caller: new Caller(http, key, owner.username) };
}

/** Returns how much of its limit a key has used. */
export async function usedOf(owner: Caller, { id }: MadeKey): Promise<number> {
  return ((await owner.get(`/api/keys/${id}/`)).body as { used: number }).used;
}
