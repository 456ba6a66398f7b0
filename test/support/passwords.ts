import { PASSWORD, type TestApp } from './app.js';

/** What specs of passwords ask of the service, and look up behind it. */
export const passwordsOf = (app: () => TestApp) => ({
  login: (username: string, password = PASSWORD) =>
    app().post('/api/login/', { username, password }),
  obtain: (username: string, password = PASSWORD) =>
    app().post('/api/token/', { username, password }),
  storedHash: async (username: string) => {
    const sql = 'SELECT password_hash AS phc FROM users WHERE username = $1';
    return (await app().database.rows<{ phc: string }>(sql, [username]))[0]?.phc;
  },
  setHash: (username: string, phc: string) =>
    app().database.rows('UPDATE users SET password_hash = $2 WHERE username = $1', [username, phc]),
});
