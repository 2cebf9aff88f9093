// Daraja's errors, in their three shapes: its own, the gateway's, SOAP; and pages.

import { randomBytes } from 'node:crypto';

const hex = () => randomBytes(2).toString('hex');
export const requestId = () => `${hex()}-${hex()}-${Date.now() % 100000}-1`;
export const error = (status, errorCode, errorMessage) => ({
  status,
  json: { requestId: requestId(), errorCode, errorMessage },
});
export const spikeArrest = (messages) => ({
  status: 429,
  json: {
    fault: {
      faultstring:
        `Spike arrest violation. Allowed rate : MessageRate{messagesPerPeriod=${messages}, ` +
        'periodInMicroseconds=60000000, maxBurstMessageCount=1.0}',
      detail: { errorcode: 'policies.ratelimit.SpikeArrestViolation' },
    },
  },
});
export const html = (status) => ({
  status,
  html:
    '<html><head><title>503</title></head><body>Request unsuccessful. ' +
    'Incapsula incident ID: 0-0000000000</body></html>',
});

export const refusals = {
  html503: () => html(503),
  html403: () => html(403),
  empty500: () => ({ status: 500, html: '' }),
  apigee429: () => spikeArrest(5),
  busy: () => error(500, '500.003.02', 'System is busy. Please try again in few minutes.'),
  quota: () => error(500, '500.003.03', 'Error Occurred: Quota Violation'),
  internal: () => error(500, '500.003.1001', 'Internal Server Error'),
  locked: () =>
    error(
      500,
      '500.001.1001',
      'Unable to lock subscriber, a transaction is already in process for the current subscriber',
    ),
  merchant: () => error(500, '500.001.1001', 'Merchant does not exist'),
  credentials: () => error(500, '500.001.1001', 'Wrong credentials'),
  maintenance: () => error(500, '500.002.1001', 'Service is currently under maintenance. Please try again later'),
  token: () => error(404, '404.001.03', 'Invalid Access Token'),
  noproduct: () => ({
    status: 401,
    json: {
      fault: {
        faultstring: 'Invalid API call as no apiproduct match found',
        detail: { errorcode: 'keymanagement.service.InvalidAPICallAsNoApiProductMatchFound' },
      },
    },
  }),
  soap: () => ({
    status: 500,
    json: { Envelope: { Body: { Fault: { faultcode: 'env:Server', faultstring: 'Internal fault' } } } },
  }),
  refused200: () => ({ status: 200, json: { ResponseCode: '1', ResponseDescription: 'Rejected' } }),
};

export function invalid(field) {
  return error(400, '400.002.02', `Bad Request - Invalid ${field}`);
}
