// Written by clients/typescript/generate.mjs from the OpenAPI document.

/** POSTs that may be repeated with the same `Idempotency-Key`. */
export const keyed: readonly string[] = [
  '/v1/tenants',
  '/v1/users',
  '/v1/invites',
  '/v1/invites/{id}/resend',
  '/v1/locations',
  '/v1/devices',
  '/v1/tax-classes',
  '/v1/tax-classes/{id}/rates',
  '/v1/images',
  '/v1/documents',
  '/v1/uploads',
  '/v1/categories',
  '/v1/products',
  '/v1/products/batch',
  '/v1/variants',
  '/v1/variants/{id}/barcodes',
  '/v1/stock-adjustments',
  '/v1/sales',
  '/v1/sales/{id}/receipt',
  '/v1/payment-intents',
  '/v1/payments/mpesa/stk-push',
  '/v1/payment-intents/{id}/refund',
  '/v1/payment-accounts',
  '/v1/payouts',
  '/v1/payment-intents/{id}/reverse',
  '/v1/report-runs',
  '/v1/webhooks',
  '/v1/webhooks/{id}/rotate-secret',
  '/v1/webhooks/{id}/ping',
  '/v1/webhooks/{id}/redeliver',
];

/** Those whose body carries the key, as `clientRequestId`. */
export const identified = [
  '/v1/sales',
] as const;

/** What a good reply of `keyed` has, where it is not an `id` alone. */
export const promised: Record<string, readonly string[]> = {
  '/v1/tenants': ['sessionId', 'user'],
  '/v1/products/batch': ['results', 'summary'],
  '/v1/sales': ['id', 'clientRequestId'],
  '/v1/payment-intents': ['id', 'clientRequestId'],
  '/v1/payments/mpesa/stk-push': ['id', 'clientRequestId'],
  '/v1/payment-intents/{id}/refund': ['id', 'clientRequestId'],
  '/v1/payouts': ['id', 'clientRequestId'],
  '/v1/payment-intents/{id}/reverse': ['id', 'clientRequestId'],
  '/v1/webhooks/{id}/rotate-secret': ['secret', 'publicKey'],
  '/v1/webhooks/{id}/ping': ['deliveryId', 'eventId'],
  '/v1/webhooks/{id}/redeliver': ['count', 'missed'],
};
