/**
 * Starts the page. `validatorUrl` is off because it would send this document to another service. When a route
 * lists or creates an object, the page fills in the id of the newest one where the routes below it require an
 * id, so that the reader need not copy it. It never fills in the id of the reader's own session. It also fills in a
 * new pair of JWTs where a route requires one.
 */
export const SWAGGER_UI_START = `const script = document.currentScript.src;

/** Returns the path of the document that matches the path of a request. Paths without parameters come first. */
function pathOf(paths, asked) {
  const isOf = (path) =>
    new RegExp('^' + path.replace(/\\/$/, '').replace(/\\{\\w+\\}/g, '[^/]+') + '/?$').test(asked);
  return paths.sort((one, other) => one.split('{').length - other.split('{').length).find(isOf);
}

/** Returns the newest object of an answer: the first of a list, or the only one. Never the reader's own session. */
const newestOf = (body) => (body?.results ?? body?.data ?? [body]).find((one) => !one?.current);

/** Puts a new pair of JWTs into the bodies that require one. Without the flag the page clears a body when it opens. */
function prefillJwts({ access, refresh }) {
  const bodies = { verify: { token: access }, refresh: { refresh }, blacklist: { refresh } };
  for (const [name, body] of Object.entries(bodies)) {
    const pathMethod = ['/api/token/' + name + '/', 'post'];
    const value = JSON.stringify(body, null, 2);
    if (value === '{}') continue;
    ui.oas3Actions.setRequestBodyValue({ value, pathMethod });
    ui.oas3Actions.setRetainRequestBodyValueFlag({ value: true, pathMethod });
  }
}

function prefill(response) {
  const newest = response.ok && newestOf(response.body);
  if (!newest || response.url === schema) return response;
  const paths = ui.specSelectors.specJson().get('paths').toJS();
  const asked = pathOf(Object.keys(paths), new URL(response.url, location.href).pathname);
  if (newest.access) prefillJwts(newest);
  const above = asked?.replace(/\\/?$/, '/{');
  for (const path of Object.keys(paths).filter((one) => asked && one.startsWith(above))) {
    const name = path.slice(above.length).split('}', 1)[0];
    const value = newest[name] ?? newest.id;
    if (typeof value !== 'string') continue;
    for (const method of Object.keys(paths[path])) {
      ui.specActions.changeParam([path, method], name, 'path', value, false);
    }
  }
  return response;
}

/** Finds routes by their path, their summary or their group. */
function opsFilter(groups, phrase) {
  const isMeant = (group) => (operation) =>
    [group, operation.get('path'), operation.getIn(['operation', 'summary'])]
      .join(' ').toLowerCase().includes(phrase.toLowerCase());
  return groups
    .map((found, group) => found.update('operations', (all) => all.filter(isMeant(group))))
    .filter((found) => found.get('operations').size > 0);
}

/**
 * Returns a part of the document with its references resolved. They all point into the document. A schema that
 * contains itself keeps that reference. Swagger UI itself would read the whole document for each opened route.
 */
function resolveSubtree(document, keys) {
  const at = (place, names) => names.reduce((part, name) => part?.[name], place);
  const whole = (part, above) => {
    if (Array.isArray(part)) return part.map((each) => whole(each, above));
    if (part === null || typeof part !== 'object') return part;
    const { $ref, ...rest } = part;
    const isNamed = typeof $ref === 'string' && $ref.startsWith('#/') && !above.includes($ref);
    const named = isNamed && at(document, $ref.slice(2).split('/'));
    if (named) return { ...whole(named, [...above, $ref]), ...whole(rest, above) };
    return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, whole(each, above)]));
  };
  return { spec: whole(at(document, keys), []), errors: [] };
}

/** Shows long texts, such as this document, without colours, which would block the browser for seconds. */
const SyntaxHighlighter = (Original, { React, getComponent }) => (props) =>
  String(props.children).length > 20_000
    ? React.createElement(getComponent('PlainTextViewer'), null, props.children)
    : React.createElement(Original, props);

const schema = new URL('../schema/', script).href;
const ui = SwaggerUIBundle({
  url: schema,
  dom_id: '#swagger-ui',
  deepLinking: true,
  filter: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: true,
  responseInterceptor: prefill,
  plugins: [{ fn: { opsFilter, resolveSubtree }, wrapComponents: { SyntaxHighlighter } }],
  validatorUrl: null,
});
`;

/** Long parts of a route scroll, so that the route fits on one or two screens. */
export const SWAGGER_UI_STYLE = `.to-page {
  display: block;
  max-width: 1460px;
  margin: 0 auto;
  padding: 12px 20px 0;
  font: 14px sans-serif;
}
.swagger-ui .opblock-body .highlight-code > .microlight {
  max-height: 130px;
}
.swagger-ui .response .headers-wrapper,
.swagger-ui .response-col_links {
  max-height: 110px;
  overflow: auto;
}
.swagger-ui .parameters-container {
  max-height: 320px;
  overflow: auto;
}
.swagger-ui .opblock-section-request-body > .opblock-description-wrapper {
  max-height: 260px;
  overflow: auto;
}
.swagger-ui .responses-inner {
  max-height: 560px;
  overflow: auto;
  padding: 8px 20px;
}
.swagger-ui .response-col_description .markdown p,
.swagger-ui .opblock-description-wrapper p {
  margin: 0 0 4px;
}
.swagger-ui table tbody tr.response td {
  padding: 6px 0 0;
}
`;
