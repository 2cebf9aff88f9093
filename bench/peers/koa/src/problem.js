export class Problem extends Error {
  constructor(status, code, title, members = {}) {
    super(title);
    this.status = status;
    this.code = code;
    this.members = members;
  }
}

export const notFound = () => new Problem(404, 'not_found', 'There is nothing here');

export const invalid = (error, where) =>
  new Problem(422, 'validation_failed', 'The request is not valid', {
    errors: error.issues.map((issue) => ({
      in: where,
      pointer: issue.path.map((part) => `/${String(part)}`).join(''),
      code: issue.code,
      message: issue.message,
    })),
  });

export function problems() {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body == null) throw notFound();
    } catch (error) {
      const status = error.status ?? 500;
      if (status >= 500) ctx.log?.error(error);
      ctx.status = status;
      ctx.set('Cache-Control', 'no-store');
      if (status === 401) ctx.set('WWW-Authenticate', 'Bearer realm="api"');
      ctx.body = JSON.stringify({
        type: 'about:blank',
        title: status >= 500 ? 'Internal error' : error.message,
        status,
        code: error.code ?? 'error',
        instance: ctx.path,
        ...error.members,
      });
      ctx.type = 'application/problem+json';
    }
  };
}
