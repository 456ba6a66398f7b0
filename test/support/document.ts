import type {
  OpenAPIObject,
  OperationObject,
  ReferenceObject,
  ResponseObject,
} from '@nestjs/swagger';

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Checks whether a path is a page for people, or a file that a page loads. The document does not contain these. */
export function isPageFile(path: string): boolean {
  return path === '/' || path.startsWith('/assets/') || path.startsWith('/api/docs/');
}

/** One method of one path in the document. */
export interface Operation extends OperationObject {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
}

/** Returns every operation of the document, in its order. */
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

/** Resolves a JSON pointer of the document (`#/components/...`). Returns any other value unchanged. */
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

/** Returns the documented response of an operation for a status. Returns undefined if there is none. */
export function responseOf(
  document: OpenAPIObject,
  operation: OperationObject,
  status: number | string,
): ResponseObject | undefined {
  const response = operation.responses[String(status)];
  return response && resolve(document, response);
}
