import { Caller, type HttpClient } from './client.js';

/** Registers a new user over HTTP only. Throws for any status but 201. */
export async function register(http: HttpClient, username: string): Promise<Caller> {
  const { status, raw, body } = await http.send({
    method: 'POST',
    path: '/api/register/',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ username, password: 'Str0ng-pass-1' }),
  });
  if (status !== 201) throw new Error(`registration of ${username}: ${raw}`);
  return new Caller(http, (body as { token: string }).token, username);
}
