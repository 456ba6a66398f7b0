import type { OpenAPIObject, SecuritySchemeObject } from '@nestjs/swagger';
import type { Config } from '../config/config.js';
import { refusalTable } from './shared-answers.js';
import { TAGS } from './tags.js';

/** How credentials are sent. Both schemes accept each kind of credential. */
const SECURITY_SCHEMES: Record<string, SecuritySchemeObject> = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      'The token of a registration or a login, an access JWT, or an API key, on its own.',
  },
  token: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description:
      'The word `Token`, a space, and the same: `Token 9944b09199c62bcf9418ad846dd0e4bb…`.',
  },
};

const whole = (amount: number) => amount.toLocaleString('en');

function introduction(config: Config): string {
  return `Chat with a model, paid from a prepaid wallet. A new wallet holds ${whole(config.openingGrant)}
tokens and a message costs ${whole(config.pricePerMessage)}; when the wallet cannot pay, the answer is 402.

**Try it here:** send the example of *Register*, press *Authorize*, paste the \`token\` of the answer under
*bearer*, and send a message.

- **Credentials** come in the header \`Authorization: Bearer <token>\` or \`Authorization: Token <token>\`.
- **Bodies** are JSON or forms, in UTF-8, up to ${whole(config.bodyMaxBytes)} bytes. Unknown fields are ignored, and \`null\` is as
  good as none for a field that may be left out. A text field takes a whole number as its digits, and, but for
  passwords, is trimmed.
- **Paths** work with and without their last slash, and are never redirected. A path that has GET has HEAD;
  every path answers OPTIONS.
- **Pages** are in the order of saving, newest first: who asks again and again for what is newer than the newest known
  misses nothing. A \`cursor\` is base64url of \`older:<id>\` or \`newer:<id>\`.
- **Errors** are \`{"detail", "code"}\`, for fields \`{"<field>": ["<sentence>"]}\`. \`code\` is for machines.
  Below \`/v1\` they have OpenAI's shape.
- **Every answer** has \`X-Request-Id\`, which is also in the log: the one that was sent, where it is 1 to 128 letters,
  digits, \`_\`, \`.\` or \`-\`. \`Allow\` lists the methods of a path that was found.

### Refusals

Each route tells the errors of its own, and the answer \`default\` stands for these:

${refusalTable()}`;
}

/** Returns the parts of the document that do not come from the routes. */
export function overview(config: Config): Omit<OpenAPIObject, 'paths'> {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tallychat',
      version: '0.1.0',
      description: introduction(config),
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    tags: [...TAGS],
    security: Object.keys(SECURITY_SCHEMES).map((name) => ({ [name]: [] })),
    components: { securitySchemes: SECURITY_SCHEMES },
  };
}
