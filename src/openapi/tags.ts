/** The groups of routes, in the order in which a newcomer meets them, up to logging out. */
export const TAGS = [
  { name: 'Accounts', description: 'Register, log in, and set a password that was forgotten.' },
  { name: 'Chat', description: 'Send a message and pay for the answer; read back what was said.' },
  { name: 'Conversations', description: 'Threads of turns, of which the earlier are sent along.' },
  { name: 'OpenAI', description: "For OpenAI's clients: the same models, wallet and history." },
  { name: 'Wallet', description: 'What there is to spend, where it went, and how to get more.' },
  {
    name: 'API keys',
    description: 'Credentials for scripts and devices: bounded, and ended one by one.',
  },
  { name: 'JWT', description: 'Short-lived credentials, with the routes and words of SimpleJWT.' },
  { name: 'Operators', description: 'Users, grants and codes, for users who are staff.' },
  {
    name: 'Health',
    description: 'For the supervisor that starts this process and the balancer that routes to it.',
  },
  { name: 'Documentation', description: 'This description.' },
  {
    name: 'Your account',
    description: 'Change it, delete it, see what may speak for you, and log out.',
  },
] as const;

export type TagName = (typeof TAGS)[number]['name'];
