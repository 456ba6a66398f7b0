import type {
  OpenAPIObject,
  OperationObject,
  ReferenceObject,
  ResponseObject,
} from '@nestjs/swagger';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Whether a path is that of a page for people, or of a file that a page loads: these are not in the document. */
export function isPageFile(path: string): boolean {
  return path === '/' || path.startsWith('/assets/') || path.startsWith('/api/docs/');
}

/** One method of one path, as the document has it. */
export interface Operation extends OperationObject {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
}

/** Every operation of the document, in its order. */
export function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    METHODS.flatMap((name) => {
      const operation = item[name];
      if (!operation) return [];
      const { operationId = '' } = operation;
      return [{ ...operation, method: name.toUpperCase(), path, operationId }];
    }),
  );
}

/** What a JSON pointer of the document (`#/components/...`) points at; anything else as it is. */
export function resolve<Target extends object>(
  document: OpenAPIObject,
  value: Target | ReferenceObject,
): Target {
  if (!('$ref' in value)) return value;
  const keys = value.$ref.split('/').slice(1);
  return keys.reduce<unknown>(
    (node, key) => (node as Record<string, unknown>)[key],
    document,
  ) as Target;
}

/** What an operation answers with this status; undefined where it is not documented. */
export function responseOf(
  document: OpenAPIObject,
  operation: OperationObject,
  status: number | string,
): ResponseObject | undefined {
  const response = operation.responses[String(status)];
  return response && resolve(document, response);
}
