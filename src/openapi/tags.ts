/** The groups of routes, in the order in which a newcomer meets them, up to logging out. */
export const TAGS = [
  { name: 'Accounts', description: 'Register, log in, and replace a forgotten password.' },
  { name: 'Chat', description: 'Send a message and pay for the answer. Read the history.' },
  {
    name: 'Conversations',
    description: 'Conversations. A new message is sent to the model with the earlier turns.',
  },
  {
    name: 'OpenAI',
    description: "For OpenAI's clients, with the same models, wallet and history.",
  },
  { name: 'Wallet', description: 'The balance, what was spent, and how to get more tokens.' },
  {
    name: 'API keys',
    description:
      'Credentials for scripts and devices. Each has its own limits and can be deleted alone.',
  },
  {
    name: 'JWT',
    description: 'Short-lived credentials, with the routes and error texts of SimpleJWT.',
  },
  { name: 'Operators', description: 'Users, grants and codes. Only for users who are staff.' },
  {
    name: 'Health',
    description: 'For the supervisor that starts this process, and for the load balancer.',
  },
  { name: 'Documentation', description: 'This description.' },
  {
    name: 'Your account',
    description: 'Change or delete your account, manage its sessions, and log out.',
  },
] as const;

export type TagName = (typeof TAGS)[number]['name'];
