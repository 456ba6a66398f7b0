/** Sessions of one kind that a person has at most: each login adds one, and a program may log in all day. */
const SESSIONS_MAX = 1000;

/** SQL: in an order with the best first, those past the bound once one more is added. The rest goes with later logins. */
export const PAST_BOUND = `LIMIT ${String(SESSIONS_MAX)} OFFSET ${String(SESSIONS_MAX - 1)}`;
