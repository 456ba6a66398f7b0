import { SignJWT, decodeJwt } from 'jose';
import { PasswordHasher } from '../../src/auth/passwords/password-hasher.js';
import { JWT_SECRET, PASSWORD, type TestApp } from '../support/app.js';
import type { Answer } from '../support/client.js';
import type { GivenUser, RecordedCase, RecordedRequest, UserState } from './recorded.js';

/** The values of a case's placeholders, such as `<TOKEN>` and `<ACCESS>`. */
export type Placeholders = Record<string, string>;

/** Returns the text with each placeholder replaced by its value. */
export function fill(text: string, placeholders: Placeholders): string {
  return text
    .replaceAll(/<REPEAT (.+?) (\d+)>/gu, (_, character: string, count: string) =>
      character.repeat(Number(count)),
    )
    .replaceAll(/<[A-Z_]+>/g, (placeholder) => placeholders[placeholder] ?? placeholder);
}

/** Sends a recorded request, byte for byte. */
export function send(
  app: TestApp,
  request: RecordedRequest,
  placeholders: Placeholders,
): Promise<Answer> {
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    fill(value, placeholders),
  ]);
  const body =
    request.body_base64 === undefined
      ? request.body && fill(request.body, placeholders)
      : Buffer.from(request.body_base64, 'base64');
  return app.send({
    method: request.method,
    path: fill(request.path, placeholders),
    headers: Object.fromEntries(headers),
    ...(body !== null && { body }),
  });
}

/** Empties the database, creates the users of the case, and sends its preparing requests. */
export async function setStage(app: TestApp, recorded: RecordedCase): Promise<Placeholders> {
  await app.database.empty();
  const placeholders: Placeholders = {};
  for (const user of recorded.given) await addUser(app, user, placeholders);
  if (/<[A-Z_]*(ACCESS|REFRESH|ALG_NONE)/.test(JSON.stringify(recorded))) {
    Object.assign(placeholders, await jwts(app));
  }
  for (const { username, is_active: isActive = true } of recorded.given) {
    const change = 'UPDATE users SET is_active = $2 WHERE username = $1';
    await app.database.rows(change, [username, isActive]);
  }
  for (const request of recorded.before ?? []) {
    for (let sent = 0; sent < (request.times ?? 1); sent += 1) {
      await send(app, request, placeholders);
    }
  }
  return placeholders;
}

/** Registers a user over HTTP. Then sets in the database what no registration can set. */
async function addUser(app: TestApp, user: GivenUser, placeholders: Placeholders): Promise<void> {
  const { username, password = PASSWORD, tokens = 4000, no_token: noToken = false } = user;
  const caller = await app.newUser({ username, tokens });
  const set = (column: string, value: string) =>
    app.database.rows(`UPDATE users SET ${column} = $2 WHERE username = $1`, [username, value]);
  await set('email', `${username}@example.com`);
  if (password !== PASSWORD) {
    await set('password_hash', await app.nest.get(PasswordHasher).hash(password, 'known'));
  }
  if (noToken) await app.database.rows('DELETE FROM access_tokens');
  if (username !== 'alice') return;
  placeholders['<TOKEN>'] = caller.token;
  placeholders['<TOKEN_UPPER>'] = caller.token.toUpperCase();
}

async function jwts(app: TestApp): Promise<Placeholders> {
  const { body } = await app.post('/api/token/', { username: 'alice', password: PASSWORD });
  const { access, refresh } = body as { access: string; refresh: string };
  const hourAgo = Math.floor(Date.now() / 1000) - 3600;
  const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  return {
    '<ACCESS>': access,
    '<REFRESH>': refresh,
    '<EXPIRED_ACCESS>': await signAgain(access, { exp: hourAgo }),
    '<EXPIRED_REFRESH>': await signAgain(refresh, { exp: hourAgo }),
    '<TAMPERED_ACCESS>': tamper(access),
    '<TAMPERED_REFRESH>': tamper(refresh),
    '<ACCESS_NOBODY>': await signAgain(access, { user_id: 1_000_000_000 }),
    '<ALG_NONE>': `${header}.${access.split('.')[1] ?? ''}.`,
  };
}

/** Returns a JWT with the same claims except `changed`, and with a valid signature. */
function signAgain(jwt: string, changed: object): Promise<string> {
  return new SignJWT({ ...decodeJwt(jwt), ...changed })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(JWT_SECRET));
}

/** Returns the JWT with a wrong first letter in its signature. */
function tamper(jwt: string): string {
  const [header = '', claims = '', signature = ''] = jwt.split('.');
  return [header, claims, (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)].join('.');
}

/** Returns what the database contains about every user, in the form of the records. */
export async function usersOf(app: TestApp): Promise<Record<string, UserState>> {
  const rows = await app.database.rows<UserState & { username: string; is_active: boolean }>(
    `SELECT u.username, u.email, u.is_active, w.balance - w.held AS tokens,
       (SELECT count(*) FROM turns t WHERE t.owner_id = u.id) AS chats
     FROM users u JOIN wallets w ON w.owner_id = u.id`,
  );
  return Object.fromEntries(
    rows.map(({ username, email, is_active: isActive, tokens, chats }) => [
      username,
      { tokens, chats, email, ...(!isActive && { is_active: false }) },
    ]),
  );
}
