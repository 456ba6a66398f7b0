/**
 * Maximum number of sessions of one kind for one user. Each login adds a session, and a program may log in all day.
 */
const SESSIONS_MAX = 1000;

/**
 * SQL: selects the sessions to delete before one more is added, if the order lists the ones to keep first.
 * Later logins delete the rest.
 */
export const ABOVE_SESSIONS_MAX = `LIMIT ${String(SESSIONS_MAX)} OFFSET ${String(SESSIONS_MAX - 1)}`;
