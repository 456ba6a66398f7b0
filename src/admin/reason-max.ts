/** Characters of the reason that an operator gives. In a file of its own, which commands load quickly. */
export const REASON_MAX = 200;
