export class Problem extends Error {
  constructor(status, code, title, members = {}) {
    super(title);
    this.statusCode = status;
    this.code = code;
    this.members = members;
  }
}

export const notFound = () => new Problem(404, 'not_found', 'There is nothing here');

const invalid = ({ validation, validationContext }) =>
  new Problem(422, 'validation_failed', 'The request is not valid', {
    errors: validation.map(({ instancePath, keyword, message }) => ({
      in: validationContext,
      pointer: instancePath,
      code: keyword,
      message,
    })),
  });

export function answerWithProblem(failure, request, reply) {
  const error = failure.validation ? invalid(failure) : failure;
  const status = error.statusCode ?? 500;
  if (status >= 500) request.log.error(error);
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer realm="api"');
  reply
    .code(status)
    .header('Cache-Control', 'no-store')
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({
      type: 'about:blank',
      title: status >= 500 ? 'Internal error' : error.message,
      status,
      code: error.code ?? 'error',
      instance: request.url.split('?')[0],
      ...error.members,
    });
}
