import { Caller, type HttpClient } from './client.js';

/** An API key as it was made, and a caller who uses it. */
export interface MadeKey {
  readonly id: string;
  readonly secret: string;
  readonly caller: Caller;
}

/** Makes an API key through the front door; `http` is where its caller goes. */
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

/** How much of its limit a key has used. */
export async function usedOf(owner: Caller, { id }: MadeKey): Promise<number> {
  return ((await owner.get(`/api/keys/${id}/`)).body as { used: number }).used;
}
