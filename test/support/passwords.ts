import { PASSWORD, type TestApp } from './app.js';

/** The requests and database reads that specs of passwords use. */
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
