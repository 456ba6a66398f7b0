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
      'Only the credential: a token from a registration or login, an access JWT, or an API key.',
  },
  token: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description:
      'The word `Token`, a space, and the credential: `Token 9944b09199c62bcf9418ad846dd0e4bb…`.',
  },
};

const whole = (amount: number) => amount.toLocaleString('en');

function introduction(config: Config): string {
  return `Chat with a model, paid from a prepaid wallet. A new wallet holds ${whole(config.openingGrant)}
tokens and a message costs ${whole(config.pricePerMessage)}. If the wallet cannot pay, the answer is 402.

**Try it here:** send the example of *Register*. Press *Authorize*, and paste the \`token\` of the answer
under *bearer*. Then send a message.

- **Credentials** are sent in the header \`Authorization: Bearer <token>\` or \`Authorization: Token <token>\`.
- **Bodies** are JSON or forms, in UTF-8, up to ${whole(config.bodyMaxBytes)} bytes. Unknown fields are ignored. In an optional field,
  \`null\` means that the field is absent, unless its description says otherwise. A text field also accepts a whole
  number, and reads it as its digits. Texts are trimmed, except passwords.
- **Paths** work with and without their last slash, and are never redirected. A path with GET also has HEAD.
  Every path answers OPTIONS.
- **Pages** are in the order of saving, newest first. A client that repeatedly requests the results newer than its
  newest one misses nothing. A \`cursor\` is base64url of \`older:<id>\` or \`newer:<id>\`.
- **Errors** are \`{"detail", "code"}\`. Errors of fields are \`{"<field>": ["<sentence>"]}\`. \`code\` is for
  programs. Below \`/v1\`, errors have OpenAI's format.
- **Every answer** has an \`X-Request-Id\`, which is also in the log. It is the id of the request, if that is 1 to 128
  letters, digits, \`_\`, \`.\` or \`-\`. If the path exists, \`Allow\` lists its methods.

### Refusals

Each route lists its own errors. Its answer \`default\` stands for these errors:

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
