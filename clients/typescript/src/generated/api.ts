// Written by clients/typescript/generate.mjs from the OpenAPI document.

/** A choice to which a later version of the service may add. */
export type Open<Known extends string> = Known | (string & {});

/** What nearly every operation may answer. */
export type CommonCode =
  | 'auth.csrf_failed'
  | 'auth.forbidden'
  | 'auth.invalid_token'
  | 'auth.missing_credentials'
  | 'auth.second_factor_needed'
  | 'auth.session_revoked'
  | 'auth.token_expired'
  | 'db.outcome_unknown'
  | 'db.overloaded'
  | 'db.serialization'
  | 'db.timeout'
  | 'db.unavailable'
  | 'http.headers_too_large'
  | 'http.load_shed'
  | 'http.overloaded'
  | 'request.invalid'
  | 'request.rate_limited'
  | 'server.internal';

/** All problem codes of the service. */
export type ProblemCode =
  | 'auth.busy'
  | 'auth.callback_refused'
  | 'auth.caller_changed'
  | 'auth.challenge_dead'
  | 'auth.choose_tenant'
  | 'auth.code_used'
  | 'auth.code_wrong'
  | 'auth.codes_needed'
  | 'auth.csrf_failed'
  | 'auth.email_unproven'
  | 'auth.forbidden'
  | 'auth.invalid_credentials'
  | 'auth.invalid_refresh_token'
  | 'auth.invalid_token'
  | 'auth.link_dead'
  | 'auth.missing_credentials'
  | 'auth.no_membership'
  | 'auth.refresh_reused'
  | 'auth.second_factor_needed'
  | 'auth.second_factor_required'
  | 'auth.session_revoked'
  | 'auth.step_up_needed'
  | 'auth.throttled'
  | 'auth.token_expired'
  | 'auth.unknown_session'
  | 'auth.user_disabled'
  | 'auth.weak_password'
  | 'batch.aborted'
  | 'category.cycle'
  | 'category.in_use'
  | 'category.unknown'
  | 'db.conflict'
  | 'db.failed'
  | 'db.outcome_unknown'
  | 'db.overloaded'
  | 'db.serialization'
  | 'db.timeout'
  | 'db.unavailable'
  | 'db.value_refused'
  | 'device.number_taken'
  | 'device.replaced'
  | 'device.unknown'
  | 'document.deleted'
  | 'document.request_used'
  | 'document.unknown'
  | 'document.unsupported_type'
  | 'feed.conflict'
  | 'http.bodies_full'
  | 'http.body_malformed'
  | 'http.body_too_large'
  | 'http.expectation_failed'
  | 'http.headers_too_large'
  | 'http.load_shed'
  | 'http.malformed'
  | 'http.method_not_allowed'
  | 'http.not_found'
  | 'http.not_implemented'
  | 'http.overloaded'
  | 'http.request_timeout'
  | 'http.target_too_long'
  | 'http.upgrade_required'
  | 'http.version_not_supported'
  | 'idempotency.in_progress'
  | 'idempotency.key_invalid'
  | 'idempotency.key_known'
  | 'idempotency.key_mismatch'
  | 'idempotency.key_missing'
  | 'idempotency.key_reused'
  | 'image.busy'
  | 'image.deleted'
  | 'image.in_use'
  | 'image.request_used'
  | 'image.too_large'
  | 'image.too_many_bytes'
  | 'image.unavailable'
  | 'image.unknown'
  | 'image.unreadable'
  | 'image.unsupported_type'
  | 'invite.accounts_closed'
  | 'invite.closed'
  | 'invite.of_another'
  | 'invite.open'
  | 'invite.unreachable'
  | 'jobs.unsendable'
  | 'location.code_taken'
  | 'location.unknown'
  | 'mail.off'
  | 'mail.webhook_refused'
  | 'membership.last_owner'
  | 'membership.role_given'
  | 'membership.unknown'
  | 'multipart.field_too_large'
  | 'multipart.file_too_large'
  | 'multipart.head_too_large'
  | 'multipart.malformed'
  | 'multipart.too_many_fields'
  | 'multipart.too_many_files'
  | 'notification.known'
  | 'payment.account_exists'
  | 'payment.account_missing'
  | 'payment.account_unreadable'
  | 'payment.already_paid'
  | 'payment.amount_not_whole'
  | 'payment.amount_refused'
  | 'payment.c2b_matched'
  | 'payment.c2b_unfit'
  | 'payment.currency_refused'
  | 'payment.disputed'
  | 'payment.event_known'
  | 'payment.exists'
  | 'payment.intent_final'
  | 'payment.intent_moved'
  | 'payment.live_credentials'
  | 'payment.match_target'
  | 'payment.not_offered'
  | 'payment.not_refundable'
  | 'payment.off'
  | 'payment.phone_needed'
  | 'payment.phone_unfit'
  | 'payment.platform_account'
  | 'payment.prompt_open'
  | 'payment.prompt_rings'
  | 'payment.provider_id_used'
  | 'payment.provider_unknown'
  | 'payment.purpose_refused'
  | 'payment.receipt_used'
  | 'payment.reference_used'
  | 'payment.refund_by_hand'
  | 'payment.refund_exceeds'
  | 'payment.register_refused'
  | 'payment.unknown_account'
  | 'payment.unknown_intent'
  | 'payout.balance_asked'
  | 'payout.balance_known'
  | 'payout.balance_not_taken'
  | 'payout.final'
  | 'payout.not_offered'
  | 'payout.open'
  | 'payout.phone'
  | 'payout.receipt_unknown'
  | 'payout.reversal_open'
  | 'payout.unknown'
  | 'payout.unknown_refund'
  | 'payout.waits'
  | 'phone.code_limit'
  | 'phone.guess_limit'
  | 'phone.no_code'
  | 'plan.currency'
  | 'plan.default_taken'
  | 'plan.locations'
  | 'plan.seats'
  | 'plan.storage'
  | 'plan.unknown'
  | 'product.unknown'
  | 'realtime.bad_channel'
  | 'realtime.bad_handshake'
  | 'realtime.bad_signature'
  | 'realtime.bad_ticket'
  | 'realtime.data_too_large'
  | 'realtime.hosted_off'
  | 'realtime.not_for_caller'
  | 'realtime.pusher_off'
  | 'realtime.too_many_sockets'
  | 'realtime.unknown_version'
  | 'redis.outcome_unknown'
  | 'redis.overloaded'
  | 'redis.timeout'
  | 'redis.unavailable'
  | 'report.off'
  | 'report.too_many_runs'
  | 'request.compression_ratio'
  | 'request.encoding_malformed'
  | 'request.encoding_unsupported'
  | 'request.if_match_malformed'
  | 'request.if_match_missing'
  | 'request.invalid'
  | 'request.invalid_cursor'
  | 'request.malformed_json'
  | 'request.origin_not_allowed'
  | 'request.out_of_range'
  | 'request.range_not_satisfiable'
  | 'request.rate_limited'
  | 'request.unsupported_media_type'
  | 'request.version_conflict'
  | 'role.name_taken'
  | 'role.unknown'
  | 'row.id_taken'
  | 'row.not_found'
  | 'sale.exists'
  | 'sale.inconsistent'
  | 'sale.numbering_incomplete'
  | 'sale.payments_mismatch'
  | 'sale.receipt_taken'
  | 'sale.total_mismatch'
  | 'sale.unknown'
  | 'sale.unknown_cashier'
  | 'sale.wrong_device'
  | 'server.exhausted'
  | 'server.internal'
  | 'server.overloaded'
  | 'sms.callback_unreadable'
  | 'sms.not_mobile'
  | 'sms.not_sent_there'
  | 'sms.number_limit'
  | 'sms.off'
  | 'sms.source_limit'
  | 'sms.spending_limit'
  | 'stock.insufficient'
  | 'stock.movement_repeated'
  | 'stock.movement_zero'
  | 'storage.bad_key'
  | 'storage.bad_signature'
  | 'storage.bad_value'
  | 'storage.conflict'
  | 'storage.corrupt'
  | 'storage.denied'
  | 'storage.disk_full'
  | 'storage.expired'
  | 'storage.not_found'
  | 'storage.not_supported'
  | 'storage.outcome_unknown'
  | 'storage.precondition_failed'
  | 'storage.refused'
  | 'storage.too_large'
  | 'storage.unavailable'
  | 'storage.wrong_hash'
  | 'storage.wrong_length'
  | 'subscription.credit_known'
  | 'subscription.invoice_known'
  | 'subscription.live'
  | 'subscription.none'
  | 'subscription.paid_ahead'
  | 'subscription.suspended'
  | 'subscription.unknown'
  | 'subscription.unknown_invoice'
  | 'sync.device_unknown'
  | 'sync.resync_required'
  | 'sync.snapshot_too_large'
  | 'sync.snapshots_full'
  | 'sync.spool_unavailable'
  | 'sync.too_many_waiters'
  | 'tax_class.code_taken'
  | 'tax_class.in_use'
  | 'tax_class.unknown'
  | 'tax_rate.range'
  | 'tenant.currency_fixed'
  | 'tenant.sign_up_closed'
  | 'tenant.sign_up_done'
  | 'totp.enabled'
  | 'totp.member_elsewhere'
  | 'totp.not_begun'
  | 'totp.off'
  | 'totp.own_first'
  | 'totp.own_reset'
  | 'totp.unreadable'
  | 'tus.checksum_mismatch'
  | 'tus.content_type'
  | 'tus.locked'
  | 'tus.malformed'
  | 'tus.not_found'
  | 'tus.offset_conflict'
  | 'tus.too_large'
  | 'tus.too_many_pieces'
  | 'tus.version'
  | 'upload.changed'
  | 'upload.differs'
  | 'upload.digest_malformed'
  | 'upload.digest_mismatch'
  | 'upload.ended'
  | 'upload.incomplete'
  | 'upload.missing'
  | 'upload.request_used'
  | 'upload.too_many'
  | 'upload.unknown'
  | 'uploads.disk_full'
  | 'url.credentials'
  | 'url.fragment'
  | 'url.host'
  | 'url.malformed'
  | 'url.no_public_address'
  | 'url.port'
  | 'url.private_address'
  | 'url.scheme'
  | 'url.too_long'
  | 'user.already_member'
  | 'user.email_taken'
  | 'user.phone_taken'
  | 'user.unknown'
  | 'variant.barcode_taken'
  | 'variant.sku_taken'
  | 'variant.unknown'
  | 'webhook.disabled'
  | 'webhook.full'
  | 'webhook.known'
  | 'webhook.off'
  | 'webhook.one_of_two'
  | 'webhook.too_many'
  | 'webhook.too_many_secrets'
  | 'webhook.unknown'
  | 'webhook.unknown_event'
  | 'webhook.unknown_type';

export interface Operations {
  /** Whether the process lives */
  'GET /health': {
    reply: Health;
    problems: CommonCode;
  };
  /** Whether traffic may come: the dependencies, one by one */
  'GET /ready': {
    reply: Ready;
    problems: CommonCode;
  };
  /** Metrics in Prometheus' text format */
  'GET /metrics': {
    reply: string;
    problems: CommonCode;
  };
  /** Public keys of the access tokens */
  'GET /.well-known/jwks.json': {
    reply: SigningKeys;
    problems: CommonCode;
  };
  /** A WebSocket of the Pusher protocol */
  'GET /app/{key}': {
    path: { key: string };
    reply: undefined;
    problems: CommonCode | 'realtime.bad_handshake' | 'http.upgrade_required' | 'realtime.unknown_version' | 'realtime.too_many_sockets';
  };
  /** Publish to channels */
  'POST /apps/{id}/events': {
    path: { id: string };
    reply: Blob;
    problems: CommonCode | 'http.body_malformed' | 'realtime.bad_channel' | 'realtime.bad_signature' | 'realtime.pusher_off' | 'http.request_timeout' | 'http.body_too_large' | 'realtime.data_too_large' | 'http.bodies_full';
  };
  /** Publish up to ten events */
  'POST /apps/{id}/batch_events': {
    path: { id: string };
    reply: Blob;
    problems: CommonCode | 'http.body_malformed' | 'realtime.bad_channel' | 'realtime.bad_signature' | 'realtime.pusher_off' | 'http.request_timeout' | 'http.body_too_large' | 'realtime.data_too_large' | 'http.bodies_full';
  };
  /** End the connections of a user */
  'POST /apps/{id}/users/{uid}/terminate_connections': {
    path: { id: string; uid: string };
    reply: Blob;
    problems: CommonCode | 'http.body_malformed' | 'realtime.bad_signature' | 'realtime.pusher_off' | 'http.request_timeout' | 'http.body_too_large' | 'http.bodies_full';
  };
  /** Channels that somebody follows */
  'GET /apps/{id}/channels': {
    path: { id: string };
    reply: Blob;
    problems: CommonCode | 'http.body_malformed' | 'realtime.bad_channel' | 'realtime.bad_signature' | 'realtime.pusher_off' | 'http.request_timeout' | 'http.body_too_large' | 'http.bodies_full';
  };
  /** Of one channel */
  'GET /apps/{id}/channels/{name}': {
    path: { id: string; name: string };
    reply: Blob;
    problems: CommonCode | 'http.body_malformed' | 'realtime.bad_channel' | 'realtime.bad_signature' | 'realtime.pusher_off' | 'http.request_timeout' | 'http.body_too_large' | 'http.bodies_full';
  };
  /** Members of a channel */
  'GET /apps/{id}/channels/{name}/users': {
    path: { id: string; name: string };
    reply: Blob;
    problems: CommonCode | 'http.body_malformed' | 'realtime.bad_channel' | 'realtime.bad_signature' | 'realtime.pusher_off' | 'http.request_timeout' | 'http.body_too_large' | 'http.bodies_full';
  };
  /** Open a shop */
  'POST /v1/tenants': {
    body: SignUp;
    reply: SignedIn;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_credentials' | 'auth.second_factor_required' | 'auth.user_disabled' | 'tenant.sign_up_closed' | 'http.request_timeout' | 'idempotency.in_progress' | 'tenant.sign_up_done' | 'user.email_taken' | 'user.phone_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.weak_password' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'auth.throttled' | 'auth.busy' | 'http.bodies_full';
  };
  /** The tenant's settings */
  'GET /v1/tenant': {
    reply: Tenant;
    problems: CommonCode;
  };
  /** Change the tenant's settings */
  'PATCH /v1/tenant': {
    body: TenantSettingsPatch;
    versioned: true;
    reply: Tenant;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'row.not_found' | 'http.request_timeout' | 'auth.caller_changed' | 'tenant.currency_fixed' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'image.unknown' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing' | 'http.bodies_full';
  };
  /** Have a link mailed for a new password */
  'POST /v1/auth/password/forgot': {
    body: ForgottenPassword;
    reply: undefined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full' | 'mail.off';
  };
  /** Choose a new password by the link of a mail */
  'POST /v1/auth/password/reset': {
    body: PasswordReset;
    reply: undefined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'auth.link_dead' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.weak_password' | 'db.value_refused' | 'request.out_of_range' | 'auth.busy' | 'http.bodies_full';
  };
  /** Prove an e-mail address by the link of a mail */
  'POST /v1/auth/email/verify': {
    body: EmailVerification;
    reply: undefined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_credentials' | 'auth.user_disabled' | 'http.request_timeout' | 'auth.link_dead' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.weak_password' | 'db.value_refused' | 'request.out_of_range' | 'auth.throttled' | 'auth.busy' | 'http.bodies_full';
  };
  /** Have the link mailed that proves my address */
  'POST /v1/auth/email/verify/send': {
    reply: undefined;
    problems: CommonCode | 'mail.off';
  };
  /** Ask for another e-mail address */
  'POST /v1/auth/email/change': {
    body: EmailChange;
    reply: undefined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_credentials' | 'auth.step_up_needed' | 'auth.user_disabled' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'auth.throttled' | 'auth.busy' | 'http.bodies_full' | 'mail.off';
  };
  /** Agree to a change of the e-mail address by the link of a mail */
  'POST /v1/auth/email/confirm': {
    body: EmailConfirmation;
    reply: EmailConfirmed;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'user.email_taken' | 'auth.link_dead' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Sign in with a password */
  'POST /v1/auth/login': {
    body: LoginRequest;
    reply: SignedIn;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_credentials' | 'auth.second_factor_required' | 'auth.no_membership' | 'auth.user_disabled' | 'http.request_timeout' | 'auth.choose_tenant' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'device.unknown' | 'request.out_of_range' | 'auth.throttled' | 'auth.busy' | 'http.bodies_full';
  };
  /** New tokens for a refresh token */
  'POST /v1/auth/refresh': {
    body: RefreshRequest;
    reply: SignedIn;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_refresh_token' | 'auth.refresh_reused' | 'auth.no_membership' | 'auth.user_disabled' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** End this session */
  'POST /v1/auth/logout': {
    reply: undefined;
    problems: CommonCode;
  };
  /** Who I am and what I may do */
  'GET /v1/auth/me': {
    reply: Me;
    problems: CommonCode | 'auth.no_membership' | 'auth.user_disabled';
  };
  /** Where I am signed in, newest first */
  'GET /v1/auth/sessions': {
    query: { fields?: ('id' | 'tenantId' | 'deviceId' | 'kind' | 'userAgent' | 'ipAddress' | 'createdAt' | 'lastSeenAt' | 'expiresAt' | 'current')[] };
    reply: SessionList;
    problems: CommonCode;
  };
  /** End one of my sessions */
  'DELETE /v1/auth/sessions/{id}': {
    path: { id: string };
    reply: undefined;
    problems: CommonCode | 'auth.unknown_session' | 'row.not_found';
  };
  /** Change my password */
  'POST /v1/auth/password/change': {
    body: PasswordChange;
    reply: undefined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_credentials' | 'auth.step_up_needed' | 'auth.user_disabled' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.weak_password' | 'db.value_refused' | 'request.out_of_range' | 'auth.throttled' | 'auth.busy' | 'http.bodies_full';
  };
  /** Whether I have a second factor, and am asked for one */
  'GET /v1/auth/totp': {
    reply: SecondFactorState;
    problems: CommonCode | 'auth.user_disabled';
  };
  /** Begin to set up an authenticator app */
  'POST /v1/auth/totp': {
    body: TotpStart;
    reply: TotpSecret;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_credentials' | 'auth.user_disabled' | 'http.request_timeout' | 'auth.email_unproven' | 'totp.enabled' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'auth.throttled' | 'auth.busy' | 'http.bodies_full';
  };
  /** Turn the second factor on, with a code of the app */
  'POST /v1/auth/totp/confirm': {
    body: TotpConfirmation;
    reply: RecoveryCodes;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.user_disabled' | 'http.request_timeout' | 'totp.enabled' | 'totp.not_begun' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.code_wrong' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Second step of a sign-in */
  'POST /v1/auth/totp/login': {
    body: TotpLogin;
    reply: SignedIn;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.challenge_dead' | 'auth.invalid_credentials' | 'auth.no_membership' | 'auth.user_disabled' | 'http.request_timeout' | 'totp.off' | 'totp.unreadable' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.code_used' | 'auth.code_wrong' | 'auth.codes_needed' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Prove the second factor again, for this session */
  'POST /v1/auth/totp/step-up': {
    body: GivenCode;
    reply: undefined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.user_disabled' | 'http.request_timeout' | 'totp.off' | 'totp.unreadable' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.code_used' | 'auth.code_wrong' | 'auth.codes_needed' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Ten new recovery codes */
  'POST /v1/auth/totp/recovery-codes': {
    body: GivenCode;
    reply: RecoveryCodes;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.user_disabled' | 'http.request_timeout' | 'totp.off' | 'totp.unreadable' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.code_used' | 'auth.code_wrong' | 'auth.codes_needed' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Turn my second factor off */
  'POST /v1/auth/totp/disable': {
    body: TotpRemoval;
    reply: undefined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_credentials' | 'auth.user_disabled' | 'http.request_timeout' | 'totp.off' | 'totp.unreadable' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.code_used' | 'auth.code_wrong' | 'auth.codes_needed' | 'db.value_refused' | 'request.out_of_range' | 'auth.throttled' | 'auth.busy' | 'http.bodies_full';
  };
  /** Take a member's second factor away */
  'POST /v1/users/{id}/totp/reset': {
    path: { id: string };
    reply: undefined;
    problems: CommonCode | 'auth.step_up_needed' | 'auth.user_disabled' | 'row.not_found' | 'auth.caller_changed' | 'totp.member_elsewhere' | 'totp.off' | 'totp.own_reset' | 'role.unknown';
  };
  /** Which members are asked for a second factor */
  'GET /v1/tenant/second-factor': {
    reply: SecondFactorRules;
    problems: CommonCode;
  };
  /** Ask members for a second factor */
  'POST /v1/tenant/second-factor': {
    body: SecondFactorRulesInput;
    reply: SecondFactorRules;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'auth.user_disabled' | 'http.request_timeout' | 'auth.caller_changed' | 'totp.own_first' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'role.unknown' | 'http.bodies_full';
  };
  /** Have a code sent to a phone number */
  'POST /v1/auth/phone/verify/send': {
    body: PhoneCodeRequest;
    reply: PhoneCodeSent;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_credentials' | 'auth.step_up_needed' | 'auth.user_disabled' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'sms.not_mobile' | 'sms.not_sent_there' | 'auth.throttled' | 'phone.code_limit' | 'phone.guess_limit' | 'sms.number_limit' | 'sms.source_limit' | 'sms.spending_limit' | 'auth.busy' | 'http.bodies_full' | 'sms.off';
  };
  /** Prove a phone number with its code */
  'POST /v1/auth/phone/verify': {
    body: PhoneProof;
    reply: ProvenPhone;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.user_disabled' | 'http.request_timeout' | 'user.phone_taken' | 'phone.no_code' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.code_wrong' | 'db.value_refused' | 'request.out_of_range' | 'phone.guess_limit' | 'http.bodies_full';
  };
  /** Members of the tenant, in the order they joined */
  'GET /v1/users': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; fields?: ('id' | 'membershipId' | 'name' | 'email' | 'phone' | 'status' | 'defaultLocationId' | 'roles' | 'version' | 'createdAt' | 'updatedAt' | 'hasSecondFactor')[] };
    reply: MemberPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** Add a person with a first password */
  'POST /v1/users': {
    body: NewMember;
    reply: Member;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'http.request_timeout' | 'auth.caller_changed' | 'idempotency.in_progress' | 'membership.role_given' | 'plan.seats' | 'row.id_taken' | 'user.email_taken' | 'user.phone_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.weak_password' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'location.unknown' | 'request.out_of_range' | 'role.unknown' | 'auth.busy' | 'http.bodies_full';
  };
  /** One member */
  'GET /v1/users/{id}': {
    path: { id: string };
    reply: Member;
    problems: CommonCode | 'row.not_found';
  };
  /** Change a member's roles or status */
  'PATCH /v1/users/{id}': {
    path: { id: string };
    body: MemberPatch;
    versioned: true;
    reply: Member;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'row.not_found' | 'http.request_timeout' | 'auth.caller_changed' | 'membership.last_owner' | 'membership.role_given' | 'plan.seats' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'location.unknown' | 'request.if_match_malformed' | 'request.out_of_range' | 'role.unknown' | 'request.if_match_missing' | 'http.bodies_full';
  };
  /** Roles and their permissions */
  'GET /v1/roles': {
    query: { fields?: ('id' | 'name' | 'builtIn' | 'permissions')[] };
    reply: RoleList;
    problems: CommonCode;
  };
  /** Invitations, newest first */
  'GET /v1/invites': {
    query: { limit?: number; cursor?: string; count?: boolean; fields?: ('id' | 'email' | 'roleId' | 'locationId' | 'locale' | 'createdBy' | 'createdAt' | 'sentAt' | 'expiresAt' | 'acceptedAt' | 'acceptedBy' | 'revokedAt' | 'phone' | 'channel')[] };
    reply: InvitePage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** Invite a person by e-mail, SMS or WhatsApp */
  'POST /v1/invites': {
    body: NewInvite;
    reply: Invite;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'http.request_timeout' | 'auth.caller_changed' | 'idempotency.in_progress' | 'invite.open' | 'invite.unreachable' | 'row.id_taken' | 'user.already_member' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'location.unknown' | 'request.out_of_range' | 'role.unknown' | 'sms.not_mobile' | 'sms.not_sent_there' | 'sms.number_limit' | 'sms.source_limit' | 'sms.spending_limit' | 'http.bodies_full' | 'mail.off' | 'sms.off';
  };
  /** Accept an invitation */
  'POST /v1/invites/accept': {
    body: InviteAcceptance;
    reply: Joined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.invalid_credentials' | 'auth.user_disabled' | 'invite.accounts_closed' | 'invite.of_another' | 'http.request_timeout' | 'plan.seats' | 'user.already_member' | 'auth.link_dead' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'auth.weak_password' | 'db.value_refused' | 'location.unknown' | 'request.out_of_range' | 'role.unknown' | 'auth.throttled' | 'auth.busy' | 'http.bodies_full';
  };
  /** Send an invitation again */
  'POST /v1/invites/{id}/resend': {
    path: { id: string };
    reply: Invite;
    problems: CommonCode | 'idempotency.key_missing' | 'auth.step_up_needed' | 'row.not_found' | 'auth.caller_changed' | 'idempotency.in_progress' | 'invite.closed' | 'invite.unreachable' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'role.unknown' | 'sms.not_mobile' | 'sms.not_sent_there' | 'sms.number_limit' | 'sms.source_limit' | 'sms.spending_limit' | 'mail.off' | 'sms.off';
  };
  /** Withdraw an invitation */
  'POST /v1/invites/{id}/revoke': {
    path: { id: string };
    reply: Invite;
    problems: CommonCode | 'row.not_found' | 'auth.caller_changed' | 'invite.closed' | 'role.unknown';
  };
  /** Locations by name */
  'GET /v1/locations': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; fields?: ('id' | 'code' | 'name' | 'address' | 'taxPin' | 'isWarehouse' | 'active' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: LocationPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** Add a location */
  'POST /v1/locations': {
    body: NewLocation;
    reply: Location;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'http.request_timeout' | 'idempotency.in_progress' | 'location.code_taken' | 'plan.locations' | 'row.id_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** One location */
  'GET /v1/locations/{id}': {
    path: { id: string };
    reply: Location;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Change a location */
  'PATCH /v1/locations/{id}': {
    path: { id: string };
    body: LocationPatch;
    versioned: true;
    reply: Location;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'location.code_taken' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing' | 'http.bodies_full';
  };
  /** Delete a location; its sales and stock stay */
  'DELETE /v1/locations/{id}': {
    path: { id: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** Devices by name */
  'GET /v1/devices': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; fields?: ('id' | 'locationId' | 'name' | 'kind' | 'deviceNumber' | 'status' | 'lastSeqSeen' | 'lastSeenAt' | 'appVersion' | 'clockSkewMs' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: DevicePage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** Add a device */
  'POST /v1/devices': {
    body: NewDevice;
    reply: Device;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'http.request_timeout' | 'auth.caller_changed' | 'device.number_taken' | 'idempotency.in_progress' | 'row.id_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'location.unknown' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** One device */
  'GET /v1/devices/{id}': {
    path: { id: string };
    reply: Device;
    problems: CommonCode | 'row.not_found';
  };
  /** Rename or move a device */
  'PATCH /v1/devices/{id}': {
    path: { id: string };
    body: DevicePatch;
    versioned: true;
    reply: Device;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'auth.caller_changed' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'location.unknown' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing' | 'http.bodies_full';
  };
  /** Shut a lost or retired device out */
  'POST /v1/devices/{id}/revoke': {
    path: { id: string };
    body: RevokeDevice;
    reply: Device;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'row.not_found' | 'http.request_timeout' | 'auth.caller_changed' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Tax classes by code */
  'GET /v1/tax-classes': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; fields?: ('id' | 'code' | 'name' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: TaxClassPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** Add a tax class */
  'POST /v1/tax-classes': {
    body: NewTaxClass;
    reply: TaxClass;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'tax_class.code_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** One tax class */
  'GET /v1/tax-classes/{id}': {
    path: { id: string };
    reply: TaxClass;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Change a tax class */
  'PATCH /v1/tax-classes/{id}': {
    path: { id: string };
    body: TaxClassPatch;
    versioned: true;
    reply: TaxClass;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'tax_class.code_taken' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing' | 'http.bodies_full';
  };
  /** Delete a tax class that no product has */
  'DELETE /v1/tax-classes/{id}': {
    path: { id: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'tax_class.in_use' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** The rates of a class, oldest first */
  'GET /v1/tax-classes/{id}/rates': {
    path: { id: string };
    query: { limit?: number; cursor?: string; count?: boolean; fields?: ('id' | 'taxClassId' | 'name' | 'ratePpm' | 'kind' | 'inclusive' | 'validFrom' | 'validTo' | 'fiscalCode' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: TaxRatePage;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'request.invalid_cursor';
  };
  /** Add a rate from a day on */
  'POST /v1/tax-classes/{id}/rates': {
    path: { id: string };
    body: NewTaxRate;
    reply: TaxRate;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'tax_class.unknown' | 'tax_rate.range' | 'http.bodies_full';
  };
  /** End or rename a rate */
  'PATCH /v1/tax-classes/{id}/rates/{rateId}': {
    path: { id: string; rateId: string };
    body: TaxRateChangePatch;
    versioned: true;
    reply: TaxRate;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'tax_rate.range' | 'request.if_match_missing' | 'http.bodies_full';
  };
  /** Add a picture */
  'POST /v1/images': {
    body: FormData | Blob | Uint8Array;
    reply: Image;
    problems: CommonCode | 'http.body_malformed' | 'multipart.head_too_large' | 'multipart.malformed' | 'request.encoding_malformed' | 'upload.digest_malformed' | 'upload.digest_mismatch' | 'subscription.suspended' | 'row.not_found' | 'storage.not_found' | 'http.request_timeout' | 'idempotency.in_progress' | 'image.in_use' | 'image.request_used' | 'plan.storage' | 'row.id_taken' | 'storage.conflict' | 'image.deleted' | 'storage.precondition_failed' | 'http.body_too_large' | 'image.too_many_bytes' | 'multipart.field_too_large' | 'multipart.file_too_large' | 'multipart.too_many_fields' | 'multipart.too_many_files' | 'request.compression_ratio' | 'storage.too_large' | 'image.unsupported_type' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'image.too_large' | 'image.unreadable' | 'request.out_of_range' | 'storage.bad_key' | 'storage.bad_value' | 'storage.wrong_hash' | 'storage.wrong_length' | 'storage.corrupt' | 'storage.not_supported' | 'storage.denied' | 'storage.refused' | 'http.bodies_full' | 'image.busy' | 'image.unavailable' | 'storage.unavailable' | 'storage.outcome_unknown' | 'storage.disk_full';
  };
  /** Pictures, the newest first */
  'GET /v1/images': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; status?: ImageStatus; unused?: boolean; fields?: ('id' | 'status' | 'url' | 'contentType' | 'width' | 'height' | 'colour' | 'bytes' | 'sha256' | 'files' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: ImagePage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** One picture, with its sizes and their URLs */
  'GET /v1/images/{id}': {
    path: { id: string };
    reply: Image;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Delete a picture that nothing shows */
  'DELETE /v1/images/{id}': {
    path: { id: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'image.in_use' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** Add a PDF or a CSV */
  'POST /v1/documents': {
    query: { name?: string };
    body: FormData | Blob | Uint8Array;
    reply: Document;
    problems: CommonCode | 'http.body_malformed' | 'multipart.head_too_large' | 'multipart.malformed' | 'request.encoding_malformed' | 'upload.digest_malformed' | 'upload.digest_mismatch' | 'subscription.suspended' | 'row.not_found' | 'storage.not_found' | 'http.request_timeout' | 'document.request_used' | 'idempotency.in_progress' | 'plan.storage' | 'row.id_taken' | 'storage.conflict' | 'document.deleted' | 'storage.precondition_failed' | 'http.body_too_large' | 'multipart.field_too_large' | 'multipart.file_too_large' | 'multipart.too_many_fields' | 'multipart.too_many_files' | 'request.compression_ratio' | 'storage.too_large' | 'document.unsupported_type' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'storage.bad_key' | 'storage.bad_value' | 'storage.wrong_hash' | 'storage.wrong_length' | 'storage.corrupt' | 'storage.not_supported' | 'storage.denied' | 'storage.refused' | 'http.bodies_full' | 'storage.unavailable' | 'storage.outcome_unknown' | 'storage.disk_full';
  };
  /** Documents, the newest first */
  'GET /v1/documents': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; fields?: ('id' | 'status' | 'name' | 'contentType' | 'bytes' | 'sha256' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: DocumentPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** One document, with a URL to download it */
  'GET /v1/documents/{id}': {
    path: { id: string };
    reply: DocumentDetails;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'storage.not_found' | 'storage.bad_key' | 'storage.bad_value' | 'storage.corrupt' | 'storage.not_supported' | 'storage.denied' | 'storage.refused' | 'storage.unavailable' | 'storage.outcome_unknown';
  };
  /** Delete a document, and its file */
  'DELETE /v1/documents/{id}': {
    path: { id: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** Begin an upload by a signed URL */
  'POST /v1/uploads': {
    body: NewUpload;
    reply: UploadDetails;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'http.request_timeout' | 'document.request_used' | 'idempotency.in_progress' | 'image.in_use' | 'image.request_used' | 'plan.storage' | 'row.id_taken' | 'upload.request_used' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'document.unknown' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'image.unknown' | 'request.out_of_range' | 'upload.too_many' | 'storage.not_supported' | 'http.bodies_full';
  };
  /** Uploads, the newest first */
  'GET /v1/uploads': {
    query: { limit?: number; cursor?: string; count?: boolean; state?: UploadState; fields?: ('id' | 'purpose' | 'kind' | 'state' | 'contentType' | 'name' | 'bytes' | 'received' | 'sha256' | 'imageId' | 'documentId' | 'problem' | 'expiresAt' | 'createdAt' | 'updatedAt')[] };
    reply: UploadPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** One upload, with a fresh URL while it is open */
  'GET /v1/uploads/{id}': {
    path: { id: string };
    reply: UploadDetails;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'storage.not_supported';
  };
  /** Give an upload up */
  'DELETE /v1/uploads/{id}': {
    path: { id: string };
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** The file is there: make an image or a document of it */
  'POST /v1/uploads/{id}/complete': {
    path: { id: string };
    reply: UploadDetails;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'storage.not_found' | 'plan.storage' | 'storage.conflict' | 'upload.changed' | 'upload.incomplete' | 'upload.missing' | 'upload.ended' | 'storage.precondition_failed' | 'image.too_many_bytes' | 'storage.too_large' | 'document.unsupported_type' | 'image.unsupported_type' | 'image.too_large' | 'image.unreadable' | 'storage.bad_key' | 'storage.bad_value' | 'storage.wrong_hash' | 'storage.wrong_length' | 'upload.differs' | 'storage.corrupt' | 'storage.not_supported' | 'storage.denied' | 'storage.refused' | 'http.bodies_full' | 'image.busy' | 'image.unavailable' | 'storage.unavailable' | 'storage.outcome_unknown' | 'storage.disk_full';
  };
  /** Begin an upload in pieces */
  'POST /v1/uploads/tus': {
    body: Blob | Uint8Array;
    reply: unknown;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'tus.malformed' | 'subscription.suspended' | 'storage.not_found' | 'http.request_timeout' | 'plan.storage' | 'storage.conflict' | 'upload.changed' | 'upload.ended' | 'storage.precondition_failed' | 'tus.version' | 'http.body_too_large' | 'request.compression_ratio' | 'storage.too_large' | 'tus.too_large' | 'tus.too_many_pieces' | 'document.unsupported_type' | 'image.unsupported_type' | 'request.encoding_unsupported' | 'tus.content_type' | 'db.value_refused' | 'image.too_large' | 'image.unreadable' | 'request.out_of_range' | 'storage.bad_key' | 'storage.bad_value' | 'storage.wrong_hash' | 'storage.wrong_length' | 'upload.differs' | 'tus.locked' | 'upload.too_many' | 'tus.checksum_mismatch' | 'storage.corrupt' | 'storage.not_supported' | 'storage.denied' | 'storage.refused' | 'http.bodies_full' | 'image.busy' | 'image.unavailable' | 'storage.unavailable' | 'storage.outcome_unknown' | 'storage.disk_full' | 'uploads.disk_full';
  };
  /** Where an upload in pieces continues */
  'GET /v1/uploads/tus/{id}': {
    path: { id: string };
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'storage.not_found' | 'tus.not_found' | 'plan.storage' | 'storage.conflict' | 'upload.changed' | 'upload.ended' | 'storage.precondition_failed' | 'tus.version' | 'storage.too_large' | 'document.unsupported_type' | 'image.unsupported_type' | 'image.too_large' | 'image.unreadable' | 'storage.bad_key' | 'storage.bad_value' | 'storage.wrong_hash' | 'storage.wrong_length' | 'upload.differs' | 'upload.too_many' | 'storage.corrupt' | 'storage.not_supported' | 'storage.denied' | 'storage.refused' | 'image.busy' | 'image.unavailable' | 'storage.unavailable' | 'storage.outcome_unknown' | 'storage.disk_full';
  };
  /** Continue an upload in pieces */
  'PATCH /v1/uploads/tus/{id}': {
    path: { id: string };
    body: Blob | Uint8Array;
    reply: undefined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'tus.malformed' | 'subscription.suspended' | 'row.not_found' | 'storage.not_found' | 'tus.not_found' | 'http.request_timeout' | 'plan.storage' | 'storage.conflict' | 'tus.offset_conflict' | 'upload.changed' | 'upload.ended' | 'storage.precondition_failed' | 'tus.version' | 'http.body_too_large' | 'request.compression_ratio' | 'storage.too_large' | 'tus.too_large' | 'tus.too_many_pieces' | 'document.unsupported_type' | 'image.unsupported_type' | 'request.encoding_unsupported' | 'tus.content_type' | 'db.value_refused' | 'image.too_large' | 'image.unreadable' | 'request.out_of_range' | 'storage.bad_key' | 'storage.bad_value' | 'storage.wrong_hash' | 'storage.wrong_length' | 'upload.differs' | 'tus.locked' | 'upload.too_many' | 'tus.checksum_mismatch' | 'storage.corrupt' | 'storage.not_supported' | 'storage.denied' | 'storage.refused' | 'http.bodies_full' | 'image.busy' | 'image.unavailable' | 'storage.unavailable' | 'storage.outcome_unknown' | 'storage.disk_full' | 'uploads.disk_full';
  };
  /** Continue an upload in pieces, where PATCH does not pass */
  'POST /v1/uploads/tus/{id}': {
    path: { id: string };
    body: Blob | Uint8Array;
    reply: undefined;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'tus.malformed' | 'subscription.suspended' | 'row.not_found' | 'storage.not_found' | 'tus.not_found' | 'http.request_timeout' | 'plan.storage' | 'storage.conflict' | 'tus.offset_conflict' | 'upload.changed' | 'upload.ended' | 'storage.precondition_failed' | 'tus.version' | 'http.body_too_large' | 'request.compression_ratio' | 'storage.too_large' | 'tus.too_large' | 'tus.too_many_pieces' | 'document.unsupported_type' | 'image.unsupported_type' | 'request.encoding_unsupported' | 'tus.content_type' | 'db.value_refused' | 'image.too_large' | 'image.unreadable' | 'request.out_of_range' | 'storage.bad_key' | 'storage.bad_value' | 'storage.wrong_hash' | 'storage.wrong_length' | 'upload.differs' | 'tus.locked' | 'upload.too_many' | 'tus.checksum_mismatch' | 'storage.corrupt' | 'storage.not_supported' | 'storage.denied' | 'storage.refused' | 'http.bodies_full' | 'image.busy' | 'image.unavailable' | 'storage.unavailable' | 'storage.outcome_unknown' | 'storage.disk_full' | 'uploads.disk_full';
  };
  /** Give an upload in pieces up */
  'DELETE /v1/uploads/tus/{id}': {
    path: { id: string };
    reply: undefined;
    problems: CommonCode | 'row.not_found' | 'tus.not_found' | 'tus.version';
  };
  /** Categories by name */
  'GET /v1/categories': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; fields?: ('id' | 'parentId' | 'name' | 'sort' | 'colour' | 'imageId' | 'imageUrl' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: CategoryPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** Add a category */
  'POST /v1/categories': {
    body: NewCategory;
    reply: Category;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'category.cycle' | 'category.unknown' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'image.unknown' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** One category */
  'GET /v1/categories/{id}': {
    path: { id: string };
    reply: Category;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Rename or move a category */
  'PATCH /v1/categories/{id}': {
    path: { id: string };
    body: CategoryPatch;
    versioned: true;
    reply: Category;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'category.cycle' | 'category.unknown' | 'db.value_refused' | 'image.unknown' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing' | 'http.bodies_full';
  };
  /** Delete an empty category */
  'DELETE /v1/categories/{id}': {
    path: { id: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'category.in_use' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** Products by name */
  'GET /v1/products': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; search?: string; categoryId?: string; active?: boolean; fields?: ('id' | 'name' | 'description' | 'categoryId' | 'brand' | 'soldBy' | 'taxClassId' | 'trackStock' | 'active' | 'imageId' | 'imageUrl' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: ProductPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** Add a product with its variants and barcodes */
  'POST /v1/products': {
    body: NewProduct;
    reply: ProductDetails;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'variant.barcode_taken' | 'variant.sku_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'category.unknown' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'image.unknown' | 'product.unknown' | 'request.out_of_range' | 'tax_class.unknown' | 'variant.unknown' | 'http.bodies_full';
  };
  /** Create, change and delete up to 500 products */
  'POST /v1/products/batch': {
    body: BatchRequest;
    reply: BatchReply;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** All products as CSV, by name */
  'GET /v1/products/export': {
    query: { categoryId?: string; active?: boolean; updatedSince?: string; fields?: ('id' | 'name' | 'description' | 'categoryId' | 'brand' | 'soldBy' | 'taxClassId' | 'trackStock' | 'active' | 'imageId' | 'imageUrl' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: string;
    problems: CommonCode | 'subscription.suspended';
  };
  /** One product */
  'GET /v1/products/{id}': {
    path: { id: string };
    query: { include?: ProductPart[] };
    reply: ProductDetails;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Change a product */
  'PATCH /v1/products/{id}': {
    path: { id: string };
    body: ProductPatch;
    versioned: true;
    reply: Product;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'category.unknown' | 'db.value_refused' | 'image.unknown' | 'request.if_match_malformed' | 'request.out_of_range' | 'tax_class.unknown' | 'request.if_match_missing' | 'http.bodies_full';
  };
  /** Delete a product with its variants and barcodes */
  'DELETE /v1/products/{id}': {
    path: { id: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** Variants by name */
  'GET /v1/variants': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; productId?: string; fields?: ('id' | 'productId' | 'name' | 'sku' | 'unit' | 'price' | 'cost' | 'reorderLevel' | 'active' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: VariantPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** Add a variant to a product */
  'POST /v1/variants': {
    body: NewVariant;
    reply: VariantDetails;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'variant.barcode_taken' | 'variant.sku_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'product.unknown' | 'request.out_of_range' | 'variant.unknown' | 'http.bodies_full';
  };
  /** What a scanned barcode sells */
  'GET /v1/variants/lookup': {
    query: { barcode: string };
    reply: ScannedVariant;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** One variant with its barcodes */
  'GET /v1/variants/{id}': {
    path: { id: string };
    reply: VariantDetails;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Change a variant */
  'PATCH /v1/variants/{id}': {
    path: { id: string };
    body: VariantPatch;
    versioned: true;
    reply: Variant;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'variant.sku_taken' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing' | 'http.bodies_full';
  };
  /** Delete a variant with its barcodes */
  'DELETE /v1/variants/{id}': {
    path: { id: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** Give a variant a barcode */
  'POST /v1/variants/{id}/barcodes': {
    path: { id: string };
    body: NewBarcode;
    reply: Barcode;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'variant.barcode_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'variant.unknown' | 'http.bodies_full';
  };
  /** Take a barcode away */
  'DELETE /v1/variants/{id}/barcodes/{barcodeId}': {
    path: { id: string; barcodeId: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** What is on the shelf */
  'GET /v1/stock-levels': {
    query: { limit?: number; cursor?: string; count?: boolean; locationId?: string; variantId?: string; fields?: ('locationId' | 'variantId' | 'id' | 'onHand' | 'reserved' | 'version' | 'updatedAt')[] };
    reply: StockLevelPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** The stock ledger, newest first */
  'GET /v1/stock-movements': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; locationId?: string; variantId?: string; fields?: ('id' | 'locationId' | 'variantId' | 'quantityDelta' | 'reason' | 'unitCost' | 'sourceType' | 'sourceId' | 'sourceLine' | 'occurredAt' | 'recordedAt' | 'balanceAfter' | 'deviceId' | 'note')[] };
    reply: StockMovementPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** Correct stock, once */
  'POST /v1/stock-adjustments': {
    body: NewAdjustment;
    reply: Adjustment;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'stock.movement_repeated' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_mismatch' | 'idempotency.key_reused' | 'location.unknown' | 'request.out_of_range' | 'variant.unknown' | 'http.bodies_full';
  };
  /** One adjustment */
  'GET /v1/stock-adjustments/{id}': {
    path: { id: string };
    reply: Adjustment;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Payments of sales that nobody has seen the money of, newest first */
  'GET /v1/unverified-payments': {
    query: { limit?: number; cursor?: string; count?: boolean; locationId?: string; fields?: ('id' | 'saleId' | 'locationId' | 'receiptNumber' | 'method' | 'amount' | 'reference' | 'intentId' | 'recordedAt')[] };
    reply: UnverifiedPaymentPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** Record a sale, once */
  'POST /v1/sales': {
    body: NewSale;
    reply: Sale;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'sale.wrong_device' | 'http.request_timeout' | 'device.replaced' | 'idempotency.in_progress' | 'payment.exists' | 'payment.intent_moved' | 'payment.reference_used' | 'row.id_taken' | 'sale.exists' | 'sale.receipt_taken' | 'stock.insufficient' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'device.unknown' | 'idempotency.key_invalid' | 'idempotency.key_mismatch' | 'idempotency.key_reused' | 'location.unknown' | 'request.out_of_range' | 'sale.inconsistent' | 'sale.numbering_incomplete' | 'sale.payments_mismatch' | 'sale.total_mismatch' | 'sale.unknown' | 'sale.unknown_cashier' | 'variant.unknown' | 'http.bodies_full';
  };
  /** Sales, newest first */
  'GET /v1/sales': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; locationId?: string; flag?: SaleFlag; fields?: ('id' | 'locationId' | 'registerId' | 'shiftId' | 'deviceId' | 'deviceSeq' | 'receiptNumber' | 'clientRequestId' | 'kind' | 'status' | 'originalSaleId' | 'customerId' | 'cashierId' | 'subtotal' | 'discountTotal' | 'exclusiveTaxTotal' | 'taxTotal' | 'cashRounding' | 'total' | 'paidTotal' | 'changeGiven' | 'creditTotal' | 'taxRounding' | 'flags' | 'occurredAt' | 'deviceOccurredAt' | 'recordedAt' | 'businessDay' | 'late' | 'note' | 'version')[] };
    reply: SaleRowPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** What a sale would come to; nothing is recorded */
  'POST /v1/sales/calculate': {
    body: NewSale;
    reply: Sale;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'device.unknown' | 'location.unknown' | 'request.out_of_range' | 'sale.inconsistent' | 'sale.numbering_incomplete' | 'sale.payments_mismatch' | 'sale.total_mismatch' | 'sale.unknown_cashier' | 'variant.unknown' | 'http.bodies_full';
  };
  /** One sale with lines, taxes and payments */
  'GET /v1/sales/{id}': {
    path: { id: string };
    reply: Sale;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Send the receipt by e-mail, SMS or WhatsApp */
  'POST /v1/sales/{id}/receipt': {
    path: { id: string };
    body: ReceiptRequest;
    reply: Notification;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'row.not_found' | 'http.request_timeout' | 'idempotency.in_progress' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'sms.not_mobile' | 'sms.not_sent_there' | 'sms.number_limit' | 'sms.source_limit' | 'sms.spending_limit' | 'http.bodies_full' | 'mail.off' | 'sms.off';
  };
  /** The sale of a clientRequestId: settles an unknown outcome */
  'GET /v1/sales/by-client-request/{id}': {
    path: { id: string };
    reply: Sale;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Ask a customer to pay */
  'POST /v1/payment-intents': {
    body: NewPaymentIntent;
    reply: PaymentIntentReply;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'idempotency.in_progress' | 'payment.already_paid' | 'payment.prompt_open' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_mismatch' | 'idempotency.key_reused' | 'location.unknown' | 'payment.account_missing' | 'payment.amount_not_whole' | 'payment.amount_refused' | 'payment.currency_refused' | 'payment.live_credentials' | 'payment.phone_needed' | 'payment.phone_unfit' | 'payment.provider_unknown' | 'payment.purpose_refused' | 'payment.unknown_account' | 'request.out_of_range' | 'http.bodies_full' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Payments through providers, newest first */
  'GET /v1/payment-intents': {
    query: { limit?: number; cursor?: string; count?: boolean; state?: PaymentIntentState; subjectId?: string; locationId?: string; fields?: ('id' | 'clientRequestId' | 'accountId' | 'provider' | 'purpose' | 'subjectId' | 'locationId' | 'amount' | 'currency' | 'phone' | 'reference' | 'description' | 'returnUrl' | 'state' | 'providerId' | 'receiptCode' | 'resultCode' | 'resultText' | 'concern' | 'waits' | 'redirectUrl' | 'refunded' | 'refundHeld' | 'expiresAt' | 'sentAt' | 'paidAt' | 'finishedAt' | 'createdAt' | 'updatedAt' | 'version')[] };
    reply: PaymentIntentPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** Ask a customer to pay by M-Pesa */
  'POST /v1/payments/mpesa/stk-push': {
    body: NewPaymentIntent;
    reply: PaymentIntentReply;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'idempotency.in_progress' | 'payment.already_paid' | 'payment.prompt_open' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_mismatch' | 'idempotency.key_reused' | 'location.unknown' | 'payment.account_missing' | 'payment.amount_not_whole' | 'payment.amount_refused' | 'payment.currency_refused' | 'payment.live_credentials' | 'payment.phone_needed' | 'payment.phone_unfit' | 'payment.provider_unknown' | 'payment.purpose_refused' | 'payment.unknown_account' | 'request.out_of_range' | 'http.bodies_full' | 'payment.account_unreadable' | 'payment.off';
  };
  /** One payment, at once or as soon as it moves */
  'GET /v1/payment-intents/{id}': {
    path: { id: string };
    query: { wait?: number };
    reply: PaymentIntentReply;
    problems: CommonCode | 'row.not_found';
  };
  /** Ask the provider what became of it */
  'POST /v1/payment-intents/{id}/query': {
    path: { id: string };
    reply: PaymentIntentReply;
    problems: CommonCode | 'row.not_found' | 'payment.account_missing' | 'payment.live_credentials' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Call a payment off */
  'POST /v1/payment-intents/{id}/cancel': {
    path: { id: string };
    reply: PaymentIntentReply;
    problems: CommonCode | 'row.not_found' | 'payment.intent_final' | 'payment.prompt_rings' | 'payment.account_missing' | 'payment.live_credentials' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Send money back, once */
  'POST /v1/payment-intents/{id}/refund': {
    path: { id: string };
    body: NewPaymentRefund;
    reply: PaymentRefund;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'row.not_found' | 'http.request_timeout' | 'idempotency.in_progress' | 'payment.disputed' | 'payment.not_refundable' | 'payment.refund_exceeds' | 'row.id_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_mismatch' | 'idempotency.key_reused' | 'payment.account_missing' | 'payment.live_credentials' | 'payment.purpose_refused' | 'payment.refund_by_hand' | 'payment.unknown_intent' | 'request.out_of_range' | 'http.bodies_full' | 'payment.account_unreadable' | 'payment.off';
  };
  /** What went back of a payment */
  'GET /v1/payment-intents/{id}/refunds': {
    path: { id: string };
    query: { fields?: ('id' | 'clientRequestId' | 'intentId' | 'amount' | 'reason' | 'byHand' | 'state' | 'providerId' | 'resultCode' | 'resultText' | 'createdAt' | 'updatedAt')[] };
    reply: PaymentRefunds;
    problems: CommonCode | 'row.not_found';
  };
  /** Money that is owed back, newest first */
  'GET /v1/payment-refund-tasks': {
    query: { limit?: number; cursor?: string; count?: boolean; state?: RefundTaskState; fields?: ('intentId' | 'reason' | 'amount' | 'state' | 'createdAt' | 'closedAt' | 'note')[] };
    reply: RefundTaskPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** Keep the money */
  'POST /v1/payment-refund-tasks/{id}/dismiss': {
    path: { id: string };
    body: RefundTaskClosing;
    reply: RefundTask;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'row.not_found' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'payment.purpose_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Accounts at payment providers */
  'GET /v1/payment-accounts': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; fields?: ('id' | 'owner' | 'provider' | 'name' | 'shown' | 'enabled' | 'refusesUnknown' | 'callbacksRegisteredAt' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: PaymentAccountPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** Add an account at a payment provider */
  'POST /v1/payment-accounts': {
    body: NewPaymentAccount;
    reply: PaymentAccount;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'http.request_timeout' | 'idempotency.in_progress' | 'payment.account_exists' | 'row.id_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'payment.live_credentials' | 'payment.provider_unknown' | 'request.out_of_range' | 'http.bodies_full' | 'payment.off';
  };
  /** One account */
  'GET /v1/payment-accounts/{id}': {
    path: { id: string };
    reply: PaymentAccount;
    problems: CommonCode | 'row.not_found';
  };
  /** Change an account */
  'PATCH /v1/payment-accounts/{id}': {
    path: { id: string };
    body: PaymentAccountChange;
    versioned: true;
    reply: PaymentAccount;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'payment.platform_account' | 'row.not_found' | 'http.request_timeout' | 'payment.account_exists' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'payment.live_credentials' | 'payment.provider_unknown' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing' | 'http.bodies_full' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Delete an account */
  'DELETE /v1/payment-accounts/{id}': {
    path: { id: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'auth.step_up_needed' | 'payment.platform_account' | 'row.not_found' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** Where the provider calls back to */
  'GET /v1/payment-accounts/{id}/callback-url': {
    path: { id: string };
    reply: PaymentCallbackUrl;
    problems: CommonCode | 'auth.step_up_needed' | 'payment.platform_account' | 'row.not_found' | 'payment.live_credentials' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Tell the provider where to announce payments */
  'POST /v1/payment-accounts/{id}/register-callbacks': {
    path: { id: string };
    reply: PaymentAccount;
    problems: CommonCode | 'payment.platform_account' | 'row.not_found' | 'db.value_refused' | 'payment.live_credentials' | 'payment.not_offered' | 'payment.register_refused' | 'request.out_of_range' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Money that came to the shop's account, newest first */
  'GET /v1/c2b-payments': {
    query: { limit?: number; cursor?: string; count?: boolean; state?: C2bState; fields?: ('id' | 'accountId' | 'provider' | 'receipt' | 'accountCode' | 'amount' | 'currency' | 'reference' | 'payerName' | 'paidAt' | 'proven' | 'receivedAt' | 'state' | 'matchedKind' | 'matchedId' | 'matchedAt' | 'version')[] };
    reply: C2bPaymentPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** Say what money pays */
  'POST /v1/c2b-payments/{id}/match': {
    path: { id: string };
    body: MatchMoney;
    reply: C2bPayment;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'row.not_found' | 'http.request_timeout' | 'payment.already_paid' | 'payment.c2b_matched' | 'payment.c2b_unfit' | 'payment.receipt_used' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'payment.amount_refused' | 'payment.match_target' | 'payment.purpose_refused' | 'payment.unknown_intent' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Say what became of a payment that nobody knows of */
  'POST /v1/payment-intents/{id}/resolve': {
    path: { id: string };
    body: ResolveIntent;
    reply: PaymentIntent;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'row.not_found' | 'http.request_timeout' | 'payment.c2b_unfit' | 'payment.intent_final' | 'payment.prompt_rings' | 'payment.receipt_used' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'payment.purpose_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Send money to a phone */
  'POST /v1/payouts': {
    body: NewPayout;
    reply: PayoutReply;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'auth.step_up_needed' | 'http.request_timeout' | 'idempotency.in_progress' | 'payout.open' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_mismatch' | 'idempotency.key_reused' | 'payment.account_missing' | 'payment.amount_not_whole' | 'payment.amount_refused' | 'payment.currency_refused' | 'payment.live_credentials' | 'payment.provider_unknown' | 'payment.unknown_account' | 'payout.not_offered' | 'payout.phone' | 'request.out_of_range' | 'http.bodies_full' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Money that went out, newest first */
  'GET /v1/payouts': {
    query: { limit?: number; cursor?: string; count?: boolean; state?: PayoutState; intentId?: string; fields?: ('id' | 'clientRequestId' | 'kind' | 'accountId' | 'provider' | 'amount' | 'currency' | 'phone' | 'recipientName' | 'purpose' | 'reason' | 'intentId' | 'refundId' | 'state' | 'conversationId' | 'receiptCode' | 'recipient' | 'resultCode' | 'resultText' | 'concern' | 'sends' | 'sentAt' | 'paidAt' | 'finishedAt' | 'createdAt' | 'updatedAt' | 'createdBy' | 'version')[] };
    reply: PayoutPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** Have a payment go back by the provider */
  'POST /v1/payment-intents/{id}/reverse': {
    path: { id: string };
    body: NewReversal;
    reply: PayoutReply;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'row.not_found' | 'http.request_timeout' | 'idempotency.in_progress' | 'payment.disputed' | 'payment.not_refundable' | 'payment.refund_exceeds' | 'payout.receipt_unknown' | 'payout.reversal_open' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_mismatch' | 'idempotency.key_reused' | 'payment.account_missing' | 'payment.amount_not_whole' | 'payment.live_credentials' | 'payment.purpose_refused' | 'payment.unknown_account' | 'payout.not_offered' | 'request.out_of_range' | 'http.bodies_full' | 'payment.account_unreadable' | 'payment.off';
  };
  /** One payout */
  'GET /v1/payouts/{id}': {
    path: { id: string };
    reply: PayoutReply;
    problems: CommonCode | 'row.not_found';
  };
  /** Ask the provider what became of it */
  'POST /v1/payouts/{id}/query': {
    path: { id: string };
    reply: PayoutReply;
    problems: CommonCode | 'row.not_found' | 'payment.account_missing' | 'payment.live_credentials' | 'payout.not_offered' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Send a payout once more, under the same id */
  'POST /v1/payouts/{id}/send-again': {
    path: { id: string };
    reply: PayoutReply;
    problems: CommonCode | 'subscription.suspended' | 'auth.step_up_needed' | 'row.not_found' | 'payout.final' | 'payout.waits' | 'payment.account_missing' | 'payment.live_credentials' | 'payout.not_offered' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Say what became of a payout that nobody knows of */
  'POST /v1/payouts/{id}/resolve': {
    path: { id: string };
    body: ResolvePayout;
    reply: PayoutReply;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'row.not_found' | 'http.request_timeout' | 'payout.final' | 'payout.waits' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Ask what the account holds */
  'POST /v1/payment-accounts/{id}/balance': {
    path: { id: string };
    reply: PayoutBalance;
    problems: CommonCode | 'row.not_found' | 'payment.account_missing' | 'payment.live_credentials' | 'payout.not_offered' | 'payout.balance_asked' | 'payment.account_unreadable' | 'payment.off' | 'payout.balance_not_taken';
  };
  /** What the account held when it was asked last */
  'GET /v1/payment-accounts/{id}/balance': {
    path: { id: string };
    reply: PayoutBalance;
    problems: CommonCode | 'row.not_found';
  };
  /** What a shop may subscribe to, the cheapest first */
  'GET /v1/plans': {
    query: { fields?: ('code' | 'name' | 'price' | 'currency' | 'period' | 'limits' | 'trialDays' | 'isDefault')[] };
    reply: PlanList;
    problems: CommonCode;
  };
  /** The shop's subscription, and its entitlement for tills */
  'GET /v1/subscription': {
    reply: SubscriptionView;
    problems: CommonCode;
  };
  /** Choose a plan, or change it */
  'POST /v1/subscription': {
    body: SubscriptionChoice;
    reply: SubscriptionView;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'plan.currency' | 'subscription.live' | 'subscription.none' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'plan.unknown' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** What the shop paid and owes, newest first */
  'GET /v1/subscription/invoices': {
    query: { limit?: number; cursor?: string; count?: boolean; fields?: ('id' | 'subscriptionId' | 'reason' | 'planCode' | 'planName' | 'price' | 'currency' | 'period' | 'limits' | 'periodStart' | 'periodEnd' | 'dueOn' | 'state' | 'intentId' | 'paidAt' | 'createdAt' | 'updatedAt' | 'version')[] };
    reply: SubscriptionInvoicePage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** End the subscription with what is paid */
  'POST /v1/subscription/cancel': {
    reply: SubscriptionView;
    problems: CommonCode | 'auth.step_up_needed' | 'subscription.none';
  };
  /** Prompt a phone for the subscription */
  'POST /v1/bv-payments/subscription-stk-push': {
    body: SubscriptionPaymentRequest;
    reply: SubscriptionPayment;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'payment.already_paid' | 'payment.prompt_open' | 'subscription.live' | 'subscription.none' | 'subscription.paid_ahead' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_reused' | 'payment.account_missing' | 'payment.amount_not_whole' | 'payment.amount_refused' | 'payment.currency_refused' | 'payment.live_credentials' | 'payment.phone_needed' | 'payment.phone_unfit' | 'payment.provider_unknown' | 'request.out_of_range' | 'subscription.unknown_invoice' | 'http.bodies_full' | 'payment.account_unreadable' | 'payment.off';
  };
  /** Have a report written into a file */
  'POST /v1/report-runs': {
    body: NewReportRun;
    reply: ReportRun;
    problems: CommonCode | 'http.body_malformed' | 'idempotency.key_missing' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'location.unknown' | 'request.out_of_range' | 'report.too_many_runs' | 'http.bodies_full' | 'report.off';
  };
  /** Report runs that the caller may have, newest first */
  'GET /v1/report-runs': {
    query: { limit?: number; cursor?: string; count?: boolean; fields?: ('id' | 'report' | 'from' | 'to' | 'locationId' | 'format' | 'status' | 'progress' | 'file' | 'failure' | 'attempts' | 'createdAt' | 'startedAt' | 'finishedAt' | 'createdBy')[] };
    reply: ReportRunPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** One report run, and where its file is */
  'GET /v1/report-runs/{id}': {
    path: { id: string };
    reply: ReportRun;
    problems: CommonCode | 'row.not_found' | 'report.off';
  };
  /** Cancel a report run, and remove its file */
  'DELETE /v1/report-runs/{id}': {
    path: { id: string };
    reply: undefined;
    problems: CommonCode | 'row.not_found';
  };
  /** Today, by location */
  'GET /v1/dashboard': {
    reply: Dashboard;
    problems: CommonCode | 'subscription.suspended';
  };
  /** What was sold, by business day and location, newest first */
  'GET /v1/reports/sales-summary': {
    query: { limit?: number; cursor?: string; count?: boolean; locationId?: string; from?: string; to?: string; fields?: ('locationId' | 'businessDay' | 'sales' | 'total' | 'taxTotal' | 'discountTotal' | 'updatedAt')[] };
    reply: DailySalesPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** Messages to people and what became of them, newest first */
  'GET /v1/notifications': {
    query: { limit?: number; cursor?: string; count?: boolean; state?: NotificationState; kind?: NotificationKind; fields?: ('id' | 'channel' | 'kind' | 'locale' | 'recipient' | 'userId' | 'state' | 'failure' | 'failureDetail' | 'provider' | 'providerId' | 'messageId' | 'attempts' | 'unknownOutcomes' | 'createdAt' | 'expiresAt' | 'sentAt' | 'finishedAt' | 'follows' | 'form' | 'parts' | 'costMillionths')[] };
    reply: NotificationPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** One message and what became of it */
  'GET /v1/notifications/{id}': {
    path: { id: string };
    reply: Notification;
    problems: CommonCode | 'row.not_found';
  };
  /** What I hear of by e-mail */
  'GET /v1/notifications/preferences': {
    reply: NotificationPreferences;
    problems: CommonCode;
  };
  /** Choose what I hear of by e-mail */
  'POST /v1/notifications/preferences': {
    body: NotificationPreferencesInput;
    reply: NotificationPreferences;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** What the caller is told in the app, newest first */
  'GET /v1/notifications/mine': {
    query: { limit?: number; cursor?: string; count?: boolean; fields?: ('id' | 'kind' | 'data' | 'createdAt' | 'read')[] };
    reply: OwnNotificationPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
  /** Mark one of the caller's as read */
  'POST /v1/notifications/{id}/read': {
    path: { id: string };
    reply: undefined;
    problems: CommonCode | 'row.not_found';
  };
  /** Mark all of the caller's as read */
  'POST /v1/notifications/read': {
    reply: undefined;
    problems: CommonCode;
  };
  /** SMS and WhatsApp: by whom they are sent, and what they cost today */
  'GET /v1/messaging': {
    reply: Messaging;
    problems: CommonCode;
  };
  /** Send by an account of one's own */
  'POST /v1/messaging/accounts': {
    body: NewMessageAccount;
    reply: Messaging;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full' | 'sms.off';
  };
  /** Send by the service's account again */
  'DELETE /v1/messaging/accounts': {
    query: { channel: Channel };
    reply: Messaging;
    problems: CommonCode | 'auth.step_up_needed' | 'row.not_found';
  };
  /** Limit what messages may cost a day */
  'POST /v1/messaging/limit': {
    body: MessageLimitChange;
    reply: Messaging;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'auth.step_up_needed' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Endpoints that events are posted to */
  'GET /v1/webhooks': {
    query: { limit?: number; cursor?: string; count?: boolean; updatedSince?: string; fields?: ('id' | 'url' | 'description' | 'eventTypes' | 'locationIds' | 'payload' | 'ordered' | 'enabled' | 'signing' | 'disabledReason' | 'disabledAt' | 'version' | 'createdAt' | 'updatedAt')[] };
    reply: WebhookEndpointPage;
    problems: CommonCode | 'subscription.suspended' | 'request.invalid_cursor';
  };
  /** Add an endpoint */
  'POST /v1/webhooks': {
    body: NewWebhook;
    reply: NewWebhookReply;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'auth.step_up_needed' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'webhook.too_many' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'location.unknown' | 'request.out_of_range' | 'url.credentials' | 'url.fragment' | 'url.host' | 'url.malformed' | 'url.no_public_address' | 'url.port' | 'url.private_address' | 'url.scheme' | 'url.too_long' | 'webhook.unknown_type' | 'http.bodies_full' | 'webhook.off';
  };
  /** One endpoint */
  'GET /v1/webhooks/{id}': {
    path: { id: string };
    reply: WebhookDetails;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Change an endpoint */
  'PATCH /v1/webhooks/{id}': {
    path: { id: string };
    body: WebhookPatch;
    versioned: true;
    reply: WebhookEndpoint;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'auth.step_up_needed' | 'row.not_found' | 'http.request_timeout' | 'webhook.too_many' | 'request.version_conflict' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'location.unknown' | 'request.if_match_malformed' | 'request.out_of_range' | 'url.credentials' | 'url.fragment' | 'url.host' | 'url.malformed' | 'url.no_public_address' | 'url.port' | 'url.private_address' | 'url.scheme' | 'url.too_long' | 'webhook.unknown_type' | 'request.if_match_missing' | 'http.bodies_full' | 'webhook.off';
  };
  /** Delete an endpoint */
  'DELETE /v1/webhooks/{id}': {
    path: { id: string };
    versioned: true;
    reply: undefined;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'request.version_conflict' | 'db.value_refused' | 'request.if_match_malformed' | 'request.out_of_range' | 'request.if_match_missing';
  };
  /** Give an endpoint a new secret */
  'POST /v1/webhooks/{id}/rotate-secret': {
    path: { id: string };
    body: RotateWebhookSecret;
    reply: RotatedWebhookSecret;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'auth.step_up_needed' | 'row.not_found' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'webhook.too_many_secrets' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'http.bodies_full' | 'webhook.off';
  };
  /** What was sent to an endpoint, newest first */
  'GET /v1/webhooks/{id}/deliveries': {
    path: { id: string };
    query: { limit?: number; cursor?: string; count?: boolean; state?: WebhookDeliveryState; eventType?: string; since?: string; until?: string; fields?: ('id' | 'endpointId' | 'eventId' | 'eventType' | 'subject' | 'state' | 'attempts' | 'nextAttemptAt' | 'lastOutcome' | 'lastStatus' | 'createdAt' | 'settledAt')[] };
    reply: WebhookDeliveryPage;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'request.invalid_cursor';
  };
  /** One delivery, its body and its attempts */
  'GET /v1/webhooks/{id}/deliveries/{deliveryId}': {
    path: { id: string; deliveryId: string };
    reply: WebhookDeliveryDetails;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found';
  };
  /** Send an event that says nothing */
  'POST /v1/webhooks/{id}/ping': {
    path: { id: string };
    reply: WebhookPing;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'idempotency.in_progress' | 'row.id_taken' | 'webhook.disabled' | 'webhook.full' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range';
  };
  /** Send again, or what was missed */
  'POST /v1/webhooks/{id}/redeliver': {
    path: { id: string };
    body: WebhookRedeliver;
    reply: WebhookRedelivered;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'row.not_found' | 'http.request_timeout' | 'idempotency.in_progress' | 'row.id_taken' | 'webhook.disabled' | 'webhook.full' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'idempotency.key_invalid' | 'idempotency.key_reused' | 'request.out_of_range' | 'webhook.one_of_two' | 'http.bodies_full';
  };
  /** A ticket for a WebSocket */
  'POST /v1/auth/ws-ticket': {
    reply: SocketTicket;
    problems: CommonCode | 'redis.outcome_unknown' | 'redis.overloaded' | 'redis.timeout' | 'redis.unavailable';
  };
  /** A WebSocket */
  'GET /v1/ws': {
    query: { ticket?: string };
    reply: undefined;
    problems: CommonCode | 'realtime.bad_handshake' | 'realtime.bad_ticket' | 'http.upgrade_required' | 'realtime.unknown_version' | 'realtime.too_many_sockets' | 'redis.outcome_unknown' | 'redis.overloaded' | 'redis.timeout' | 'redis.unavailable';
  };
  /** Let a socket of the Pusher protocol follow a channel */
  'POST /v1/realtime/auth': {
    body: RealtimeChannelRequest;
    reply: RealtimeChannelSignature;
    problems: CommonCode | 'http.body_malformed' | 'realtime.bad_channel' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'realtime.not_for_caller' | 'realtime.pusher_off' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'http.bodies_full';
  };
  /** Let a client of Pusher Channels follow a channel */
  'POST /v1/realtime/pusher/auth': {
    body: RealtimeChannelRequest;
    reply: RealtimeChannelSignature;
    problems: CommonCode | 'http.body_malformed' | 'realtime.bad_channel' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'realtime.not_for_caller' | 'realtime.hosted_off' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'http.bodies_full';
  };
  /** A token for a client of Ably */
  'POST /v1/realtime/ably/auth': {
    body: AblyTokenRequest;
    reply: AblyTokenDetails;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'subscription.suspended' | 'realtime.not_for_caller' | 'realtime.hosted_off' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'http.bodies_full';
  };
  /** What has changed since a cursor */
  'GET /v1/sync/changes': {
    query: { since: string; limit?: number; collections?: string; location?: string; live?: number };
    reply: ChangePage;
    problems: CommonCode | 'subscription.suspended' | 'sync.resync_required' | 'sync.too_many_waiters';
  };
  /** All rows that the caller may see, of one moment */
  'GET /v1/sync/snapshot': {
    query: { collections?: string; location?: string; after?: string };
    reply: unknown;
    problems: CommonCode | 'subscription.suspended' | 'sync.resync_required' | 'sync.snapshot_too_large' | 'server.overloaded' | 'sync.snapshots_full' | 'sync.spool_unavailable';
  };
  /** Say what a device has not sent yet */
  'POST /v1/sync/heartbeat': {
    body: Heartbeat;
    reply: HeartbeatReply;
    problems: CommonCode | 'http.body_malformed' | 'request.encoding_malformed' | 'request.malformed_json' | 'sync.device_unknown' | 'http.request_timeout' | 'http.body_too_large' | 'request.compression_ratio' | 'request.encoding_unsupported' | 'request.unsupported_media_type' | 'db.value_refused' | 'request.out_of_range' | 'http.bodies_full';
  };
  /** Devices by their last heartbeat, the oldest first */
  'GET /v1/sync/heartbeats': {
    query: { fields?: ('id' | 'locationId' | 'name' | 'deviceId' | 'pending' | 'oldestPendingAt' | 'lastDeviceSeq' | 'missing' | 'storageFreeMb' | 'appVersion' | 'clockSkewMs' | 'seenAt')[] };
    reply: SeenDevices;
    problems: CommonCode;
  };
  /** What happens, as server-sent events */
  'GET /v1/events': {
    query: { topics?: string; collections?: string; location?: string };
    reply: string;
    problems: CommonCode | 'subscription.suspended' | 'row.not_found' | 'sync.too_many_waiters';
  };
  /** What was done to members and invitations, newest first */
  'GET /v1/audit-events': {
    query: { limit?: number; cursor?: string; count?: boolean; actorId?: string; subjectId?: string; fields?: ('id' | 'at' | 'action' | 'actorId' | 'subjectId' | 'address' | 'detail')[] };
    reply: AuditEventPage;
    problems: CommonCode | 'request.invalid_cursor';
  };
}

/** What webhooks carry, by `type`. */
export interface WebhookEvents {
  /** A person was added, or has accepted an invitation */
  'user.created': MemberTold;
  /** A member's roles, default location or status were changed: `disabled` is one who may do nothing any more */
  'user.changed': MemberTold;
  /** A product was added */
  'product.created': Product;
  /** A product was changed, or a variant, a price, a barcode or the picture of it */
  'product.changed': Product;
  /** A product was deleted, with its variants */
  'product.deleted': Product;
  /** A variant was added to a product */
  'variant.created': VariantTold;
  /** A variant or its price was changed */
  'variant.changed': VariantTold;
  /** A variant was deleted */
  'variant.deleted': VariantTold;
  /** A level has fallen to its variant's reorder level */
  'stock.low': StockLow;
  /** A person has corrected stock */
  'stock.adjusted': StockAdjusted;
  /** A sale was recorded */
  'sale.created': SaleCreated;
  /** A payment of a recorded sale was accepted or reversed, or is in doubt again: the sale says which */
  'sale.payment_updated': SalePaymentUpdated;
  /** Money has come */
  'payment.succeeded': PaymentMoved;
  /** A payment has ended without money, as far as is known */
  'payment.failed': PaymentMoved;
  /** All of a payment went back */
  'payment.refunded': PaymentMoved;
  /** Some or all of a payment is to go back */
  'refund.created': RefundMoved;
  /** A refund was sent, or given back by hand */
  'refund.succeeded': RefundMoved;
  /** A refund has failed: the money is still here */
  'refund.failed': RefundMoved;
  /** Money is to go out: a payout, or a reversal of a payment */
  'payout.created': PayoutMoved;
  /** The money has gone out */
  'payout.succeeded': PayoutMoved;
  /** No money went out, as far as is known: a `payout.succeeded` may still follow */
  'payout.failed': PayoutMoved;
  /** Somebody asked for it (pingWebhook); no endpoint has to ask for this name */
  'webhook.ping': WebhookPinged;
}

export interface AblyTokenDetails {
  /** A JWT that Ably takes. */
  token: string;
  /** Milliseconds since 1970. */
  issued: number;
  /** Milliseconds since 1970. */
  expires: number;
  clientId: string;
}

export interface AblyTokenRequest {
  /** What the client will follow, comma-separated. When left out: `"changes"`. */
  topics?: string;
  /** Passed over: it is the caller's user. */
  clientId?: string | null;
}

export interface AdjustedLine {
  variantId: string;
  /** Decimal with at most 4 digits after the point. */
  quantityDelta: string;
}

export interface Adjustment {
  id: string;
  locationId: string;
  reason: Open<AdjustmentReason>;
  lines: AdjustmentLine[];
  occurredAt: string;
  recordedAt: string;
}

export interface AdjustmentLine {
  variantId: string;
  /** What is added; negative: taken away. Decimal with at most 4 digits after the point. At least -1000000000. At most 1000000000. Not zero. */
  quantityDelta: string;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  unitCost?: number | null;
  note: string | null;
}

export interface AdjustmentLineInput {
  variantId: string;
  /** What is added; negative: taken away. Decimal with at most 4 digits after the point. At least -1000000000. At most 1000000000. Not zero. */
  quantityDelta: string;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  unitCost?: number | null;
  note?: string | null;
}

export type AdjustmentReason = 'adjust' | 'waste' | 'opening' | 'purchase';

export interface AuditEvent {
  id: string;
  at: string;
  action: string;
  actorId: string | null;
  subjectId: string | null;
  /** Of the client; empty where a job did it. */
  address: string;
  detail: unknown;
}

export interface AuditEventPage {
  data: AuditEvent[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface AuditEventPartial {
  id?: string;
  at?: string;
  action?: string;
  actorId?: string | null;
  subjectId?: string | null;
  /** Of the client; empty where a job did it. */
  address?: string;
  detail?: unknown;
}

export interface Barcode {
  id: string;
  variantId: string;
  /** Invisible characters are dropped. */
  barcode: string;
  /** Units that one scan sells. Decimal with at most 4 digits after the point. At least 0. Not zero. */
  packQuantity: string;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface BatchItem {
  /** The client's name for it; sent back. */
  key?: string | null;
  op: BulkOperation;
  /** Of the row; for `create` as good as an `id` in `data`. */
  id?: string | null;
  /** For `update` and `delete`: the version that the change is based on. */
  version?: number | null;
  /** For `create` and `update`: the body that POST and PATCH of one row take. */
  data?: unknown;
}

export interface BatchReply {
  /** In the items' order. */
  results: BatchResult[];
  summary: BatchSummary;
}

export interface BatchRequest {
  /** `abort`: all items or none. `continue`: those that went well are kept. When left out: `"abort"`. */
  onError?: OnError;
  items: BatchItem[];
}

export interface BatchResult {
  key?: string;
  /** What the request for this row alone would answer. */
  status: number;
  /** The row, when it was created or changed. */
  data?: unknown;
  /** A Problem; its pointers lead into the body as sent. */
  problem?: unknown;
}

export interface BatchSummary {
  ok: number;
  failed: number;
}

export type BillingPeriod = 'month' | 'year';

export type BulkOperation = 'create' | 'update' | 'delete';

export type C2bMatch = 'intent' | 'sale_payment' | 'invoice';

export interface C2bPayment {
  id: string;
  accountId: string;
  /** Invisible characters are dropped. */
  provider: string;
  receipt: string;
  accountCode: string;
  /** Integer minor units. */
  amount: number;
  currency: string;
  /** As the payer typed it. */
  reference: string;
  payerName: string;
  paidAt: string | null;
  /** False: it came from an address that is not the provider's, and the provider has not confirmed it yet. It pays nothing until it does, or somebody matches it. */
  proven: boolean;
  receivedAt: string;
  state: Open<C2bState>;
  matchedKind: Open<C2bMatch> | null;
  matchedId: string | null;
  matchedAt: string | null;
  version: number;
}

export interface C2bPaymentPage {
  data: C2bPayment[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface C2bPaymentPartial {
  id?: string;
  accountId?: string;
  /** Invisible characters are dropped. */
  provider?: string;
  receipt?: string;
  accountCode?: string;
  /** Integer minor units. */
  amount?: number;
  currency?: string;
  /** As the payer typed it. */
  reference?: string;
  payerName?: string;
  paidAt?: string | null;
  /** False: it came from an address that is not the provider's, and the provider has not confirmed it yet. It pays nothing until it does, or somebody matches it. */
  proven?: boolean;
  receivedAt?: string;
  state?: Open<C2bState>;
  matchedKind?: Open<C2bMatch> | null;
  matchedId?: string | null;
  matchedAt?: string | null;
  version?: number;
}

export type C2bState = 'unmatched' | 'matched';

export interface Category {
  id: string;
  parentId: string | null;
  name: string;
  sort: number;
  colour: string | null;
  /** Made by `POST /v1/images`. */
  imageId: string | null;
  /** Public, of 320 pixels, WebP, made of `imageId`. For another size or JPEG replace its last part: `96.webp`, `960.jpg`. */
  imageUrl: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface CategoryPage {
  data: Category[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface CategoryPartial {
  id?: string;
  parentId?: string | null;
  name?: string;
  sort?: number;
  colour?: string | null;
  /** Made by `POST /v1/images`. */
  imageId?: string | null;
  /** Public, of 320 pixels, WebP, made of `imageId`. For another size or JPEG replace its last part: `96.webp`, `960.jpg`. */
  imageUrl?: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export interface CategoryPatch {
  parentId?: string | null;
  name?: string;
  sort?: number;
  colour?: string | null;
  /** Made by `POST /v1/images`. */
  imageId?: string | null;
}

export type ChangeKind = 'u' | 'd';

export interface ChangePage {
  /** The next request's `since`. */
  cursor: string;
  /** Ask again at once. */
  hasMore: boolean;
  schemaVersion: number;
  serverTime: string;
  /** The newest state of each row, once. */
  changes: FeedChange[];
}

export type Channel = 'email' | 'sms' | 'whatsapp' | 'app';

export interface DailySales {
  locationId: string;
  businessDay: string;
  /** How many. */
  sales: number;
  /** Integer minor units. */
  total: number;
  /** Integer minor units. */
  taxTotal: number;
  /** Integer minor units. */
  discountTotal: number;
  updatedAt: string;
}

export interface DailySalesPage {
  data: DailySales[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface DailySalesPartial {
  locationId?: string;
  businessDay?: string;
  /** How many. */
  sales?: number;
  /** Integer minor units. */
  total?: number;
  /** Integer minor units. */
  taxTotal?: number;
  /** Integer minor units. */
  discountTotal?: number;
  updatedAt?: string;
}

export interface Dashboard {
  businessDay: string;
  currency: string;
  serverTime: string;
  /** By code. */
  locations: LocationToday[];
  /** What is at or below its reorder level, at the locations whose stock the caller may see; 1000: or more. Null without `stock.read`. */
  lowStock: number | null;
  /** Payments of the last day that wait for their payer or provider; 1000: or more. Null without `payments.read`. */
  openPayments: number | null;
}

export interface Device {
  id: string;
  locationId: string;
  name: string;
  kind: Open<DeviceKind>;
  /** Unique in the tenant; stands in receipt numbers. */
  deviceNumber: number;
  status: Open<DeviceStatus>;
  lastSeqSeen: number;
  lastSeenAt: string | null;
  appVersion: string | null;
  clockSkewMs: number | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export type DeviceKind = 'till' | 'tablet' | 'phone' | 'back_office' | 'kiosk';

export interface DevicePage {
  data: Device[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface DevicePartial {
  id?: string;
  locationId?: string;
  name?: string;
  kind?: Open<DeviceKind>;
  /** Unique in the tenant; stands in receipt numbers. */
  deviceNumber?: number;
  status?: Open<DeviceStatus>;
  lastSeqSeen?: number;
  lastSeenAt?: string | null;
  appVersion?: string | null;
  clockSkewMs?: number | null;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export interface DevicePatch {
  locationId?: string;
  name?: string;
  kind?: DeviceKind;
}

export type DeviceStatus = 'active' | 'lost' | 'retired';

export interface Document {
  id: string;
  status: Open<DocumentStatus>;
  name: string;
  /** `application/pdf` or `text/csv`, by its bytes. */
  contentType: string;
  bytes: number;
  /** Hexadecimal. */
  sha256: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface DocumentDetails {
  id: string;
  status: Open<DocumentStatus>;
  name: string;
  /** `application/pdf` or `text/csv`, by its bytes. */
  contentType: string;
  bytes: number;
  /** Hexadecimal. */
  sha256: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
  /** Downloads it, without credentials. Of one that is `ready`. */
  url?: string;
  urlExpiresAt?: string;
}

export interface DocumentPage {
  data: Document[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface DocumentPartial {
  id?: string;
  status?: Open<DocumentStatus>;
  name?: string;
  /** `application/pdf` or `text/csv`, by its bytes. */
  contentType?: string;
  bytes?: number;
  /** Hexadecimal. */
  sha256?: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export type DocumentStatus = 'pending' | 'ready' | 'lost';

export interface EmailChange {
  /** Invisible characters are dropped, capitals become small letters. */
  newEmail: string;
  /** The present one. */
  password: string;
}

export interface EmailConfirmation {
  token: string;
}

export interface EmailConfirmed {
  /** False: the other address has not agreed yet. */
  changed: boolean;
}

/** The token, and the account's password or a new one. */
export interface EmailVerification {
  token: string;
  password?: string | null;
  /** Of whoever does not know the password, as somebody else chose it: all sessions end. */
  newPassword?: string | null;
}

export interface FeedChange {
  /** Its place in the tenant's feed. */
  seq: number;
  /** The collection. */
  c: string;
  /** `u`: the row is now `d`. `d`: it is deleted, or not for this reader. */
  op: Open<ChangeKind>;
  id: string;
  /** The row's version. */
  v?: number;
  /** The row, as the routes of its collection show it. */
  d?: unknown;
}

export interface ForgottenPassword {
  /** Invisible characters are dropped, capitals become small letters. */
  email: string;
}

export interface GivenCode {
  /** What the authenticator app shows. */
  code?: string | null;
  /** What it shows after that one: asked for by `auth.codes_needed`. */
  nextCode?: string | null;
  /** Instead of a code: one of the ten, once. */
  recoveryCode?: string | null;
}

export interface Health {
  status: string;
}

export interface Heartbeat {
  deviceId: string;
  /** Operations that wait to be sent. */
  pending: number;
  /** When the oldest of them was made. */
  oldestPendingAt?: string | null;
  /** The last `deviceSeq` that it gave to a sale; 0: none yet. */
  lastDeviceSeq: number;
  storageFreeMb?: number | null;
  appVersion?: string | null;
  /** The device's clock; tells how wrong it is. */
  sentAt?: string | null;
}

export interface HeartbeatReply {
  serverTime: string;
  /** The device's clock less the server's; null without `sentAt`. */
  clockSkewMs: number | null;
  /** How many of its last 10,000 numbers have no sale here: those that it has not sent yet, and those that are lost. */
  missing: number;
  /** The first of them. */
  missingDeviceSeqs: number[];
}

export interface Image {
  id: string;
  status: Open<ImageStatus>;
  /** Public, of 320 pixels, WebP. For another size or JPEG replace its last part: `96.webp`, `960.jpg`. What is there never changes. */
  url: string | null;
  /** Of the file that was sent. */
  contentType: string | null;
  /** Of the picture that was sent, upright. */
  width: number | null;
  height: number | null;
  /** `#rrggbb`, its average: what to show until it has come. */
  colour: string | null;
  /** That it takes of the plan's storage, all sizes together. */
  bytes: number;
  /** Of the file that was sent, hexadecimal. */
  sha256: string | null;
  /** Three sizes, as WebP and as JPEG. */
  files: ImageFile[];
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface ImageFile {
  name: string;
  /** 96, 320 or 960: the longest side, unless the picture is smaller. */
  size: number;
  contentType: string;
  width: number;
  height: number;
  bytes: number;
  url: string;
  /** SHA-256 of its bytes, hexadecimal. */
  etag: string;
}

export interface ImagePage {
  data: Image[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface ImagePartial {
  id?: string;
  status?: Open<ImageStatus>;
  /** Public, of 320 pixels, WebP. For another size or JPEG replace its last part: `96.webp`, `960.jpg`. What is there never changes. */
  url?: string | null;
  /** Of the file that was sent. */
  contentType?: string | null;
  /** Of the picture that was sent, upright. */
  width?: number | null;
  height?: number | null;
  /** `#rrggbb`, its average: what to show until it has come. */
  colour?: string | null;
  /** That it takes of the plan's storage, all sizes together. */
  bytes?: number;
  /** Of the file that was sent, hexadecimal. */
  sha256?: string | null;
  /** Three sizes, as WebP and as JPEG. */
  files?: ImageFile[];
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export type ImageStatus = 'pending' | 'ready' | 'lost';

export type IntentConcern = 'amount_differs' | 'currency_differs' | 'disputed' | 'paid_after_end' | 'receipt_differs' | 'receipt_used' | 'subject_missing' | 'subject_paid' | 'subject_unfit';

export interface Invite {
  id: string;
  /** Invisible characters are dropped, capitals become small letters. */
  email: string | null;
  roleId: string;
  /** Null: at every location. */
  locationId: string | null;
  locale: Open<Locale>;
  createdBy: string | null;
  createdAt: string;
  sentAt: string;
  expiresAt: string;
  acceptedAt: string | null;
  acceptedBy: string | null;
  revokedAt: string | null;
  /** Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string | null;
  channel: Open<Channel>;
}

export interface InviteAcceptance {
  token: string;
  /** Of a person who has no account yet. */
  name?: string | null;
  /** The account's, or the first one of a new account. Not needed by a caller who is signed in (Authorization). */
  password?: string | null;
  /** Of an invitation to a phone: what the account signs in with. Invisible characters are dropped, capitals become small letters. */
  email?: string | null;
}

export interface InvitePage {
  data: Invite[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface InvitePartial {
  id?: string;
  /** Invisible characters are dropped, capitals become small letters. */
  email?: string | null;
  roleId?: string;
  /** Null: at every location. */
  locationId?: string | null;
  locale?: Open<Locale>;
  createdBy?: string | null;
  createdAt?: string;
  sentAt?: string;
  expiresAt?: string;
  acceptedAt?: string | null;
  acceptedBy?: string | null;
  revokedAt?: string | null;
  /** Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  channel?: Open<Channel>;
}

export interface Joined {
  tenantId: string;
  tenantName: string;
  userId: string;
  email: string;
}

export type Locale = 'en' | 'sw';

export interface Location {
  id: string;
  /** Short, upper case; stands in receipt numbers. Invisible characters are dropped, small letters become capitals. */
  code: string;
  name: string;
  address: string | null;
  /** Invisible characters are dropped, small letters become capitals. */
  taxPin: string | null;
  isWarehouse: boolean;
  active: boolean;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface LocationPage {
  data: Location[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface LocationPartial {
  id?: string;
  /** Short, upper case; stands in receipt numbers. Invisible characters are dropped, small letters become capitals. */
  code?: string;
  name?: string;
  address?: string | null;
  /** Invisible characters are dropped, small letters become capitals. */
  taxPin?: string | null;
  isWarehouse?: boolean;
  active?: boolean;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export interface LocationPatch {
  /** Short, upper case; stands in receipt numbers. Invisible characters are dropped, small letters become capitals. */
  code?: string;
  name?: string;
  address?: string | null;
  /** Invisible characters are dropped, small letters become capitals. */
  taxPin?: string | null;
  isWarehouse?: boolean;
  active?: boolean;
}

export interface LocationPermissions {
  locationId: string;
  permissions: string[];
}

export interface LocationToday {
  locationId: string;
  code: string;
  name: string;
  /** Today, by the tenant's clock. */
  businessDay: string;
  /** How many. */
  sales: number;
  /** Integer minor units. */
  total: number;
  /** Integer minor units. */
  taxTotal: number;
  /** Integer minor units. */
  discountTotal: number;
  /** Null: nothing was sold yet. */
  updatedAt: string | null;
}

/** Either `email` or `phone`, and the password. */
export interface LoginRequest {
  /** Invisible characters are dropped, capitals become small letters. */
  email?: string | null;
  /** Instead of the e-mail address, once it is proven (POST /auth/phone/verify). Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  password: string;
  /** Needed when the user has several and no default. */
  tenantId?: string | null;
  /** The till that signs in; its id stands in the token. */
  deviceId?: string | null;
  /** `cookie`: the browser's session instead of tokens. When left out: `"token"`. */
  session?: SessionKind;
}

export interface MatchMoney {
  /** It pays this attempt. */
  intentId?: string | null;
  /** Of `subjectId`; not set: `sale`. */
  purpose?: PaymentPurpose | null;
  /** It pays this: the id of a sale's payment that is not verified yet, of a sale with such a payment, or of an invoice. */
  subjectId?: string | null;
}

export interface Me {
  user: Person;
  tenant: TenantSummary;
  sessionId: string;
  deviceId: string | null;
  /** At every location. */
  permissions: string[];
  /** At single locations, besides. */
  locationPermissions: LocationPermissions[];
  memberships: MembershipSummary[];
}

export interface Member {
  id: string;
  membershipId: string;
  name: string;
  email: string;
  /** Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string | null;
  status: Open<MembershipStatus>;
  defaultLocationId: string | null;
  roles: MemberRole[];
  version: number;
  createdAt: string;
  updatedAt: string;
  hasSecondFactor: boolean;
}

export interface MemberPage {
  data: Member[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface MemberPartial {
  id?: string;
  membershipId?: string;
  name?: string;
  email?: string;
  /** Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  status?: Open<MembershipStatus>;
  defaultLocationId?: string | null;
  roles?: MemberRole[];
  version?: number;
  createdAt?: string;
  updatedAt?: string;
  hasSecondFactor?: boolean;
}

export interface MemberPatch {
  /** `disabled` ends the member's sessions. */
  status?: MembershipStatus;
  defaultLocationId?: string | null;
  /** Replaces them all. */
  roles?: RoleAssignmentInput[];
}

export interface MemberRole {
  roleId: string;
  name: string;
  locationId: string | null;
}

export interface MemberTold {
  id: string;
  membershipId: string;
  status: Open<MembershipStatus>;
  defaultLocationId: string | null;
  roles: RoleAssignment[];
  version: number;
}

export type MembershipStatus = 'active' | 'disabled';

export interface MembershipSummary {
  tenantId: string;
  name: string;
  /** Names of the user's roles there. */
  roles: string[];
}

export interface MessageChannel {
  channel: Open<Channel>;
  /** Whether such messages are sent for this tenant. */
  isOn: boolean;
  /** By an account of its own, or by the service's. */
  isOwn: boolean;
  /** Of an own account. */
  provider: Open<MessageProvider> | null;
  /** What tells an own account from others. */
  shown: string | null;
  /** Of an own account: where its provider reports to. Africa's Talking: with `/` and `callbackToken` behind it. */
  callbackUrl: string | null;
}

export type MessageForm = 'text' | 'template';

export interface MessageLimitChange {
  /** Null: what the service allows. Integer minor units. */
  dailyLimit?: number | null;
}

export type MessageProvider = 'africastalking' | 'twilio' | 'whatsapp';

export interface Messaging {
  channels: MessageChannel[];
  currency: string;
  /** What may be spent a day (UTC). Integer minor units. */
  dailyLimit: number;
  /** Null: the service's. Integer minor units. */
  ownLimit: number | null;
  /** Rounded up. Integer minor units. */
  spentToday: number;
  messagesToday: number;
}

export type MovementReason = 'sale' | 'sale_return' | 'void' | 'purchase' | 'purchase_return' | 'adjust' | 'waste' | 'transfer_out' | 'transfer_in' | 'count' | 'opening';

export type NegativeStock = 'allow' | 'warn' | 'block_online';

export interface NewAdjustment {
  /** Made once by the client and sent with every attempt; the adjustment's id. An Idempotency-Key may stand for it. */
  clientRequestId?: string | null;
  locationId: string;
  /** waste takes away, purchase and opening add. */
  reason: AdjustmentReason;
  lines: AdjustmentLineInput[];
  /** Now when it is missing, or in the future. */
  occurredAt?: string | null;
}

export interface NewBarcode {
  /** Made by the server when it is missing. */
  id?: string | null;
  /** Invisible characters are dropped. */
  barcode: string;
  /** Units that one scan sells. When left out: `"1"`. Decimal with at most 4 digits after the point. At least 0. Not zero. */
  packQuantity?: string;
}

export interface NewCategory {
  /** Made by the server when it is missing. */
  id?: string | null;
  parentId?: string | null;
  name: string;
  /** When left out: `0`. */
  sort?: number;
  colour?: string | null;
  /** Made by `POST /v1/images`. */
  imageId?: string | null;
}

export interface NewDevice {
  /** Made by the server when it is missing. */
  id?: string | null;
  locationId: string;
  name: string;
  /** When left out: `"till"`. */
  kind?: DeviceKind;
}

/** Either `email` or `phone`. */
export interface NewInvite {
  /** Made by the server when it is missing. */
  id?: string;
  /** Invisible characters are dropped, capitals become small letters. */
  email?: string | null;
  /** Instead of `email`: it goes by SMS or WhatsApp. Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  /** Of a phone number: `sms` when it is missing. */
  channel?: Channel | null;
  roleId: string;
  /** Null: at every location. */
  locationId?: string | null;
  /** Of the message. When left out: `"en"`. */
  locale?: Locale;
}

export interface NewLocation {
  /** Made by the server when it is missing. */
  id?: string | null;
  /** Short, upper case; stands in receipt numbers. Invisible characters are dropped, small letters become capitals. */
  code: string;
  name: string;
  address?: string | null;
  /** Invisible characters are dropped, small letters become capitals. */
  taxPin?: string | null;
  /** When left out: `false`. */
  isWarehouse?: boolean;
  /** When left out: `true`. */
  active?: boolean;
}

export interface NewMember {
  /** Made by the server when it is missing. */
  id?: string;
  name: string;
  /** Invisible characters are dropped, capitals become small letters. */
  email: string;
  /** Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  /** To begin with. Not one that is often used. */
  password: string;
  roles: RoleAssignmentInput[];
  defaultLocationId?: string | null;
}

export interface NewMessageAccount {
  provider: MessageProvider;
  /** An object of texts, by provider. Africa's Talking: `username`, `apiKey`, `callbackToken` (20 to 100 letters, digits, - and _), and where there is one `sender`. Twilio: `accountSid`, `authToken`, `sender`, and perhaps `apiKeySid` with `apiKeySecret`, `previousAuthToken`. WhatsApp: `phoneNumberId`, `token`, `appSecret`, `verifyToken` (as `callbackToken`). White space at their ends is left out. It is sealed, and no reply has it. */
  credentials: unknown;
}

export interface NewPayment {
  id?: string | null;
  method: PaymentMethod;
  /** What this payment covers, change left out. Integer minor units. */
  amount: number;
  /** Cash handed over. Integer minor units. */
  tendered?: number | null;
  /** An M-Pesa code, a slip number; 64 characters of it are kept. */
  reference?: string | null;
  intentId?: string | null;
}

export interface NewPaymentAccount {
  /** Made by the server when it is missing. */
  id?: string | null;
  provider: PaymentProvider;
  /** For people: "Till of Westlands". */
  name: string;
  /** By provider. M-Pesa: `environment`, `kind`, `shortCode`, `tillNumber` of a till, `consumerKey`, `consumerSecret`, `passkey`; to pay out `initiatorName`, `initiatorPassword`, `certificate`. Stripe: `secretKey`, `webhookSecrets`, `publishableKey`. Flutterwave: `secretKey`, `secretHashes`, `email`. Paystack: `secretKey`, `email`. Pesapal: `environment`, `consumerKey`, `consumerSecret`. It is sealed, and no reply has it. */
  credentials: PaymentCredentials;
}

export interface NewPaymentIntent {
  /** Made once for each attempt by the client, and sent with every repetition. An Idempotency-Key may stand for it. A new attempt after a clear end has a new one. */
  clientRequestId?: string | null;
  /** When left out: `"mpesa"`. */
  provider?: PaymentProvider;
  /** Minor units. M-Pesa takes whole shillings only: a multiple of 100. */
  amount: number;
  /** When left out: `"sale"`. */
  purpose?: PaymentPurpose;
  /** What is paid. Of a sale its `clientRequestId`, which the till knows before it sends the sale; its id serves, too, once the sale is there. */
  subjectId: string;
  /** Needed by callers who may take payments at some locations only. */
  locationId?: string | null;
  /** The payer's, in any spelling, where the provider prompts a phone (or, as Pesapal, wants to know the payer). Replies have it as E.164, `+254712345678`. */
  phone?: string | null;
  /** What the payer reads, such as an order's number; M-Pesa shows 12 characters. The end of the subject's id when it is missing. */
  reference?: string | null;
  description?: string | null;
  /** Where the payer comes back to from the provider's own page; without it there is no such page. */
  returnUrl?: string | null;
  /** Where the shop has several accounts of the provider. */
  accountId?: string | null;
  /** Where a sale is paid in several parts: the payments of it that the app has already. Without them a second part of the same amount, by one phone or on pages, is answered with the first, and another one is refused while the first is open. When left out: `[]`. */
  otherIntentIds?: string[];
}

export interface NewPaymentRefund {
  /** Made once by the client and sent with every repetition; an Idempotency-Key may stand for it. */
  clientRequestId?: string | null;
  /** All refunds of a payment together are never more than it. Integer minor units. */
  amount: number;
  reason: string;
  /** A person has sent it back already, outside of this service: it is written down. M-Pesa's are, but for those of POST /payment-intents/{id}/reverse. When left out: `false`. */
  byHand?: boolean;
}

export interface NewPayout {
  /** Made once for each payout, and sent with every repetition. An Idempotency-Key may stand for it. Never make a new one because a reply was lost. */
  clientRequestId?: string | null;
  /** `mpesa`: no other sends money out. When left out: `"mpesa"`. */
  provider?: PaymentProvider;
  /** Where the shop has several accounts. */
  accountId?: string | null;
  /** Minor units. M-Pesa sends whole shillings, 10 to 250,000. */
  amount: number;
  /** Whom the money goes to: a mobile number of Kenya, in any spelling. Replies have it as E.164, `+254712345678`. */
  phone: string;
  recipientName?: string | null;
  /** What the recipient's message says. When left out: `"business"`. */
  purpose?: PayoutPurpose;
  reason: string;
}

export interface NewProduct {
  /** Made by the server when it is missing. */
  id?: string | null;
  name: string;
  /** HTML, which is cleaned before it is stored: a, b, blockquote, br, code, del, div, em, h2, h3, h4, hr, i, ins, li, ol, p, pre, s, small, span, strong, sub, sup, u, ul stay, `href` and `title` of links too (http, https, mailto, tel). Write a plain text with `&lt;` for <. */
  description?: string | null;
  categoryId?: string | null;
  brand?: string | null;
  /** When left out: `"unit"`. */
  soldBy?: SoldBy;
  taxClassId?: string | null;
  /** When left out: `true`. */
  trackStock?: boolean;
  /** When left out: `true`. */
  active?: boolean;
  /** Made by `POST /v1/images`. */
  imageId?: string | null;
  /** When left out: `[]`. */
  variants?: NewProductVariant[];
}

export interface NewProductVariant {
  /** Made by the server when it is missing. */
  id?: string | null;
  name: string;
  /** Invisible characters are dropped. */
  sku?: string | null;
  /** When left out: `"pc"`. */
  unit?: string;
  /** Selling price of one unit, minor units; whether it holds the tax is the tax rate's `inclusive`. */
  price: number;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  cost?: number | null;
  /** Decimal with at most 4 digits after the point. At least 0. */
  reorderLevel?: string | null;
  /** When left out: `true`. */
  active?: boolean;
  /** When left out: `[]`. */
  barcodes?: NewBarcode[];
}

export interface NewReportRun {
  /** `sales`: every line of every sale. `profit` and `stock-valuation` need `costs.read`. */
  report: ReportName;
  /** First business day, as the shop's clock and cutoff have it. When it is missing, 31 days end with `to`. Not of `stock-valuation` and `stock-low`, which are of now. */
  from?: string | null;
  /** Last business day; today when it is missing. */
  to?: string | null;
  /** Needed by callers who may have reports of some locations only. */
  locationId?: string | null;
  /** `csv-bom`: with a byte order mark in front, for Excel; programs take `csv`. When left out: `"csv"`. */
  format?: ReportFormat;
}

export interface NewReversal {
  /** As of a payout: made once, and sent with every repetition. */
  clientRequestId?: string | null;
  /** With all refunds of the payment never more than it. Integer minor units. */
  amount: number;
  reason: string;
}

export interface NewSale {
  /** Made once by the client and sent with every attempt: the sale exists once. */
  clientRequestId: string;
  /** The sale's id, made by the client; the server makes one when it is missing. */
  id?: string | null;
  /** `sale` or null: returns and exchanges are refused here. */
  kind?: SaleKind | null;
  /** `completed` or null. */
  status?: SaleStatus | null;
  /** null. */
  originalSaleId?: string | null;
  locationId: string;
  registerId?: string | null;
  shiftId?: string | null;
  /** With deviceSeq and receiptNumber, or none of the three. */
  deviceId?: string | null;
  /** The device's own count of sales, one more for each. A number that was given up does no harm. */
  deviceSeq?: number | null;
  /** Location code, device number and deviceSeq: unique without a server. Any other is kept as printed and flagged. */
  receiptNumber?: string | null;
  /** By the device's clock. More than five minutes ahead, or before 2000, it cannot be right: then `recordedAt` counts, and what the clock said is `deviceOccurredAt`. */
  occurredAt: string;
  /** Any member; the caller when missing. */
  cashierId?: string | null;
  customerId?: string | null;
  /** The tenant's when missing. */
  taxRounding?: TaxRounding | null;
  lines: NewSaleLine[];
  /** When left out: `0`. Integer minor units. */
  orderDiscount?: number;
  /** When left out: `0`. Integer minor units. */
  cashRounding?: number;
  /** Integer minor units. */
  taxTotal: number;
  /** Integer minor units. */
  total: number;
  payments: NewPayment[];
  /** Checked when given. Integer minor units. */
  change?: number | null;
  /** What no payment covers; checked when given, and needed when `payments` is empty. Left out with partial payments, the sale is flagged `credit_implied`. Integer minor units. */
  creditTotal?: number | null;
  /** 1000 characters of it are kept. */
  note?: string | null;
  /** May differ between attempts, as attempt and appVersion do. */
  sentAt?: unknown;
  attempt?: unknown;
  appVersion?: unknown;
}

export interface NewSaleLine {
  /** Each once. */
  lineNumber: number;
  /** null: an item that is not in the catalogue. */
  variantId?: string | null;
  /** As printed on the receipt; 200 characters are kept. */
  name: string;
  /** 64 characters of it are kept. */
  sku?: string | null;
  /** 64 characters of it are kept. */
  barcode?: string | null;
  /** Above 100000, as when a barcode was scanned into it, the sale is flagged `quantity_implausible`. Decimal with at most 4 digits after the point. At least 0. At most 1000000000. Not zero. */
  quantity: string;
  /** Integer minor units. */
  unitPrice: number;
  /** When left out: `true`. */
  taxInclusive?: boolean;
  /** Off this line, minor units. When left out: `0`. */
  discount?: number;
  /** 64 characters of it are kept. null, or empty: the article is not taxed. When left out: `""`. */
  taxCode?: string;
  /** Parts per million; null: 0. When left out: `0`. */
  taxRatePpm?: number;
  /** Checked when given. Integer minor units. */
  taxAmount?: number | null;
  /** Unit price times quantity before discounts; checked when given. Integer minor units. */
  gross?: number | null;
}

export interface NewTaxClass {
  /** Made by the server when it is missing. */
  id?: string | null;
  /** Invisible characters are dropped, small letters become capitals. */
  code: string;
  name: string;
}

export interface NewTaxRate {
  /** Made by the server when it is missing. */
  id?: string | null;
  name: string;
  /** Parts per million: 16 % is 160000. */
  ratePpm: number;
  /** When left out: `"standard"`. */
  kind?: TaxKind;
  /** Prices hold this tax already. When left out: `true`. */
  inclusive?: boolean;
  /** When left out: `"1970-01-01"`. */
  validFrom?: string;
  /** The first day on which it is not valid any more; after `validFrom`. */
  validTo?: string | null;
  /** Invisible characters are dropped. */
  fiscalCode?: string | null;
}

export interface NewUpload {
  purpose: UploadPurpose;
  /** Of images `image/jpeg`, `image/png`, `image/webp`, `image/gif`; of documents `application/pdf`, `text/csv`. Parameters, capitals and old names (`image/jpg`, `application/vnd.ms-excel` of a CSV) are understood; what it is called then stands in `target.headers`. */
  contentType: string;
  /** Exactly as many are taken. */
  bytes: number;
  /** Of the file; other bytes are refused. */
  sha256?: string | null;
  /** Of a document: what people call it. */
  name?: string | null;
}

export interface NewVariant {
  productId: string;
  /** Made by the server when it is missing. */
  id?: string | null;
  name: string;
  /** Invisible characters are dropped. */
  sku?: string | null;
  /** When left out: `"pc"`. */
  unit?: string;
  /** Selling price of one unit, minor units; whether it holds the tax is the tax rate's `inclusive`. */
  price: number;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  cost?: number | null;
  /** Decimal with at most 4 digits after the point. At least 0. */
  reorderLevel?: string | null;
  /** When left out: `true`. */
  active?: boolean;
  /** When left out: `[]`. */
  barcodes?: NewBarcode[];
}

export interface NewWebhook {
  /** Made by the server when it is missing. */
  id?: string | null;
  /** Where events are posted to: https, at port 443 or 8443, and no private address. In development also this machine, by http. */
  url: string;
  description?: string | null;
  /** Names of events, each kept once; `sale.*` for all of a resource; `*` for all, also those of later releases. */
  eventTypes: string[];
  /** Only events of these locations, and those that belong to none. Empty: all. When left out: `[]`. */
  locationIds?: string[];
  /** `thin`: `data` has the id alone; ask the API for the rest. A delivery keeps the form that it was made with. When left out: `"full"`. */
  payload?: WebhookPayload;
  /** Events of one subject leave one behind the other: the next one when the one before it has arrived, or was given up. When left out: `false`. */
  ordered?: boolean;
  /** False: nothing is sent, and events are counted as missed. What waits goes on when it is true again. When left out: `true`. */
  enabled?: boolean;
  /** `hmac` is what all libraries verify. When left out: `"hmac"`. */
  signing?: WebhookSigning;
}

export interface NewWebhookReply {
  id: string;
  /** Where events are posted to: https, at port 443 or 8443, and no private address. In development also this machine, by http. */
  url: string;
  description: string | null;
  /** Names of events, each kept once; `sale.*` for all of a resource; `*` for all, also those of later releases. */
  eventTypes: string[];
  /** Only events of these locations, and those that belong to none. Empty: all. */
  locationIds: string[];
  /** `thin`: `data` has the id alone; ask the API for the rest. A delivery keeps the form that it was made with. */
  payload: Open<WebhookPayload>;
  /** Events of one subject leave one behind the other: the next one when the one before it has arrived, or was given up. */
  ordered: boolean;
  /** False: nothing is sent, and events are counted as missed. What waits goes on when it is true again. */
  enabled: boolean;
  /** `hmac`: signatures `v1`, and a shared secret (`whsec_`). `ed25519`: signatures `v1a`, verified with a public key (`whpk_`). */
  signing: Open<WebhookSigning>;
  /** `gone`: it answered 410. `failing`: nothing arrived for five days. `by_hand`: somebody set `enabled` to false. */
  disabledReason: Open<WebhookDisabledReason> | null;
  disabledAt: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
  /** Of `hmac`: `whsec_…`. In this reply alone; null when the request is repeated: the secret of a reply that was lost is replaced by rotate-secret. */
  secret: string | null;
  /** Of `ed25519`: `whpk_…`. */
  publicKey: string | null;
}

export interface Notification {
  id: string;
  channel: Open<Channel>;
  kind: Open<NotificationKind>;
  locale: Open<Locale>;
  /** An e-mail address, or a phone number in E.164. */
  recipient: string;
  /** Of a member; null: whoever has the address. */
  userId: string | null;
  state: Open<NotificationState>;
  failure: Open<NotificationFailure> | null;
  /** What the mail server or the provider said. */
  failureDetail: string | null;
  provider: string | null;
  providerId: string | null;
  messageId: string;
  attempts: number;
  /** How often it was sent without an answer. After the second it has failed. */
  unknownOutcomes: number;
  createdAt: string;
  expiresAt: string | null;
  sentAt: string | null;
  finishedAt: string | null;
  /** The message that was refused, and in whose place this one was sent. */
  follows: string | null;
  form: Open<MessageForm> | null;
  /** Of an SMS: how many are paid for. */
  parts: number | null;
  /** Of an SMS or a WhatsApp message, in millionths of the currency's unit. */
  costMillionths: number | null;
}

export type NotificationFailure = 'address_bounced' | 'complaint' | 'dropped' | 'expired' | 'not_taken_in_time' | 'outcome_unknown' | 'refused_message' | 'refused_recipient' | 'refused_sender' | 'suppressed' | 'opted_out' | 'undelivered';

export type NotificationKind = 'daily_summary' | 'email_change_new' | 'email_change_old' | 'email_changed' | 'email_verify' | 'failed_jobs' | 'invite' | 'login_limit' | 'low_stock' | 'new_login' | 'password_changed' | 'password_reset' | 'phone_code' | 'receipt' | 'second_factor' | 'subscription' | 'webhook_disabled';

export interface NotificationPage {
  data: Notification[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface NotificationPartial {
  id?: string;
  channel?: Open<Channel>;
  kind?: Open<NotificationKind>;
  locale?: Open<Locale>;
  /** An e-mail address, or a phone number in E.164. */
  recipient?: string;
  /** Of a member; null: whoever has the address. */
  userId?: string | null;
  state?: Open<NotificationState>;
  failure?: Open<NotificationFailure> | null;
  /** What the mail server or the provider said. */
  failureDetail?: string | null;
  provider?: string | null;
  providerId?: string | null;
  messageId?: string;
  attempts?: number;
  /** How often it was sent without an answer. After the second it has failed. */
  unknownOutcomes?: number;
  createdAt?: string;
  expiresAt?: string | null;
  sentAt?: string | null;
  finishedAt?: string | null;
  /** The message that was refused, and in whose place this one was sent. */
  follows?: string | null;
  form?: Open<MessageForm> | null;
  /** Of an SMS: how many are paid for. */
  parts?: number | null;
  /** Of an SMS or a WhatsApp message, in millionths of the currency's unit. */
  costMillionths?: number | null;
}

export interface NotificationPreferences {
  /** What was sold, each morning; needs `reports.read`. */
  dailySummary: boolean;
  /** What reached its reorder level, once a day; needs `stock.read`. */
  lowStock: boolean;
  /** What the service could not do, once a day; needs `notifications.read`. */
  failedJobs: boolean;
}

export interface NotificationPreferencesInput {
  /** What was sold, each morning; needs `reports.read`. */
  dailySummary: boolean;
  /** What reached its reorder level, once a day; needs `stock.read`. */
  lowStock: boolean;
  /** What the service could not do, once a day; needs `notifications.read`. When left out: `false`. */
  failedJobs?: boolean;
}

export type NotificationState = 'queued' | 'sent' | 'delivered' | 'failed' | 'bounced' | 'read' | 'unknown';

export type OnError = 'abort' | 'continue';

export interface OwnNotification {
  id: string;
  kind: Open<NotificationKind>;
  /** What the e-mail of this kind says, as members: the shop, the day, items and the like. An app passes over what it does not know. */
  data: unknown;
  createdAt: string;
  read: boolean;
}

export interface OwnNotificationPage {
  data: OwnNotification[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface OwnNotificationPartial {
  id?: string;
  kind?: Open<NotificationKind>;
  /** What the e-mail of this kind says, as members: the shop, the day, items and the like. An app passes over what it does not know. */
  data?: unknown;
  createdAt?: string;
  read?: boolean;
}

export interface PageCount {
  value: number;
  /** False: there are more than `value`. */
  exact: boolean;
}

export interface PasswordChange {
  currentPassword: string;
  /** 15 characters are better. Not one that is often used. */
  newPassword: string;
}

export interface PasswordReset {
  token: string;
  /** 15 characters are better. Not one that is often used. */
  newPassword: string;
}

export interface Payment {
  id: string;
  method: Open<PaymentMethod>;
  /** Integer minor units. */
  amount: number;
  /** Integer minor units. */
  tendered: number | null;
  reference: string | null;
  intentId: string | null;
  status: Open<PaymentStatus>;
}

export interface PaymentAccount {
  id: string;
  /** `platform`: what the subscription is paid to; it is not changed here. */
  owner: Open<PaymentAccountOwner>;
  provider: Open<PaymentProvider>;
  name: string;
  /** What may be seen of the credentials: a short code, or the ends of a key. */
  shown: string;
  /** New payments are taken by it. */
  enabled: boolean;
  /** M-Pesa asks before it takes a payment to the account, if Safaricom has switched that on: one whose account number fits nothing is refused. */
  refusesUnknown: boolean;
  /** When the provider was told where to announce payments. */
  callbacksRegisteredAt: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface PaymentAccountChange {
  name?: string | null;
  /** False: no new payments are taken by it. */
  enabled?: boolean | null;
  /** True: where M-Pesa asks first, a payment whose account number fits nothing that is to be paid is refused. */
  refusesUnknown?: boolean | null;
  /** All of them anew. */
  credentials?: PaymentCredentials | null;
}

export type PaymentAccountOwner = 'tenant' | 'platform';

export interface PaymentAccountPage {
  data: PaymentAccount[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface PaymentAccountPartial {
  id?: string;
  /** `platform`: what the subscription is paid to; it is not changed here. */
  owner?: Open<PaymentAccountOwner>;
  provider?: Open<PaymentProvider>;
  name?: string;
  /** What may be seen of the credentials: a short code, or the ends of a key. */
  shown?: string;
  /** New payments are taken by it. */
  enabled?: boolean;
  /** M-Pesa asks before it takes a payment to the account, if Safaricom has switched that on: one whose account number fits nothing is refused. */
  refusesUnknown?: boolean;
  /** When the provider was told where to announce payments. */
  callbacksRegisteredAt?: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export interface PaymentCallbackUrl {
  /** Of this account: whoever has it can send us callbacks. Give it to the provider alone, with `/` and a kind behind it. */
  url: string;
  kinds: string[];
}

export interface PaymentCredentials {
  /** M-Pesa, Pesapal: `sandbox` or `production`. */
  environment?: string | null;
  /** M-Pesa: `paybill` or `till` (Buy Goods). */
  kind?: string | null;
  /** M-Pesa: the paybill; of Buy Goods the store's number. */
  shortCode?: string | null;
  /** M-Pesa, of Buy Goods: the number that customers pay. */
  tillNumber?: string | null;
  /** M-Pesa, Pesapal. */
  consumerKey?: string | null;
  /** M-Pesa, Pesapal. */
  consumerSecret?: string | null;
  /** M-Pesa: of prompts. An account that only pays out has none. */
  passkey?: string | null;
  /** M-Pesa: named for pulling transactions, as 254712345678. */
  nominatedNumber?: string | null;
  /** M-Pesa, to pay out: the API operator. */
  initiatorName?: string | null;
  /** M-Pesa, to pay out. */
  initiatorPassword?: string | null;
  /** M-Pesa, to pay out: Safaricom's, in PEM. */
  certificate?: string | null;
  /** Stripe, Flutterwave, Paystack: as the dashboard shows it. */
  secretKey?: string | null;
  /** Stripe. */
  publishableKey?: string | null;
  /** Stripe: of the endpoint; the new one first. */
  webhookSecrets?: string[] | null;
  /** Flutterwave: of the webhook; the new one first. */
  secretHashes?: string[] | null;
  /** Flutterwave, Paystack: the shop's, where a payer has none. */
  email?: string | null;
}

export interface PaymentIntent {
  id: string;
  clientRequestId: string;
  accountId: string;
  provider: Open<PaymentProvider>;
  purpose: Open<PaymentPurpose>;
  subjectId: string;
  locationId: string | null;
  /** Integer minor units. */
  amount: number;
  currency: string;
  /** E.164, with its plus. Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string | null;
  /** What the payer reads. */
  reference: string;
  description: string;
  returnUrl: string | null;
  state: Open<PaymentIntentState>;
  providerId: string | null;
  /** What the payer holds in hand, once it is known. */
  receiptCode: string | null;
  /** The provider's own. */
  resultCode: string | null;
  /** The provider's own. */
  resultText: string | null;
  /** Why somebody should look at it. */
  concern: Open<IntentConcern> | null;
  /** Paid, and what it pays has not come yet. */
  waits: boolean;
  /** Where the payer goes on; null: nowhere. */
  redirectUrl: string | null;
  /** Integer minor units. */
  refunded: number;
  /** On its way back, or its outcome is not known. Integer minor units. */
  refundHeld: number;
  /** How long the payer has to answer. */
  expiresAt: string;
  sentAt: string | null;
  paidAt: string | null;
  finishedAt: string | null;
  createdAt: string;
  updatedAt: string;
  version: number;
}

export interface PaymentIntentPage {
  data: PaymentIntent[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface PaymentIntentPartial {
  id?: string;
  clientRequestId?: string;
  accountId?: string;
  provider?: Open<PaymentProvider>;
  purpose?: Open<PaymentPurpose>;
  subjectId?: string;
  locationId?: string | null;
  /** Integer minor units. */
  amount?: number;
  currency?: string;
  /** E.164, with its plus. Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  /** What the payer reads. */
  reference?: string;
  description?: string;
  returnUrl?: string | null;
  state?: Open<PaymentIntentState>;
  providerId?: string | null;
  /** What the payer holds in hand, once it is known. */
  receiptCode?: string | null;
  /** The provider's own. */
  resultCode?: string | null;
  /** The provider's own. */
  resultText?: string | null;
  /** Why somebody should look at it. */
  concern?: Open<IntentConcern> | null;
  /** Paid, and what it pays has not come yet. */
  waits?: boolean;
  /** Where the payer goes on; null: nowhere. */
  redirectUrl?: string | null;
  /** Integer minor units. */
  refunded?: number;
  /** On its way back, or its outcome is not known. Integer minor units. */
  refundHeld?: number;
  /** How long the payer has to answer. */
  expiresAt?: string;
  sentAt?: string | null;
  paidAt?: string | null;
  finishedAt?: string | null;
  createdAt?: string;
  updatedAt?: string;
  version?: number;
}

export interface PaymentIntentReply {
  id: string;
  clientRequestId: string;
  accountId: string;
  provider: Open<PaymentProvider>;
  purpose: Open<PaymentPurpose>;
  subjectId: string;
  locationId: string | null;
  /** Integer minor units. */
  amount: number;
  currency: string;
  /** E.164, with its plus. Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string | null;
  /** What the payer reads. */
  reference: string;
  description: string;
  returnUrl: string | null;
  state: Open<PaymentIntentState>;
  providerId: string | null;
  /** What the payer holds in hand, once it is known. */
  receiptCode: string | null;
  /** The provider's own. */
  resultCode: string | null;
  /** The provider's own. */
  resultText: string | null;
  /** Why somebody should look at it. */
  concern: Open<IntentConcern> | null;
  /** Paid, and what it pays has not come yet. */
  waits: boolean;
  /** Where the payer goes on; null: nowhere. */
  redirectUrl: string | null;
  /** Integer minor units. */
  refunded: number;
  /** On its way back, or its outcome is not known. Integer minor units. */
  refundHeld: number;
  /** How long the payer has to answer. */
  expiresAt: string;
  sentAt: string | null;
  paidAt: string | null;
  finishedAt: string | null;
  createdAt: string;
  updatedAt: string;
  version: number;
  /** For the provider's library in the browser, while the payer may answer. */
  clientSecret: string | null;
  /** What to tell whoever stands at the counter, in English, or in Swahili by `Accept-Language: sw`. */
  message: string;
  /** Another attempt may go through. */
  mayTryAgain: boolean;
  tryAgainAfterSeconds: number | null;
}

export type PaymentIntentState = 'created' | 'sent' | 'pending' | 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'unknown' | 'refunded';

export type PaymentMethod = 'cash' | 'mpesa' | 'card' | 'bank' | 'voucher' | 'other';

export interface PaymentMoved {
  id: string;
  locationId: string | null;
  state: Open<PaymentIntentState>;
  purpose: Open<PaymentPurpose>;
  subjectId: string;
  provider: Open<PaymentProvider>;
  /** Integer minor units. */
  amount: number;
  currency: string;
}

export type PaymentProvider = 'mpesa' | 'stripe' | 'flutterwave' | 'paystack' | 'pesapal';

export type PaymentPurpose = 'sale' | 'subscription';

export interface PaymentRefund {
  id: string;
  clientRequestId: string;
  intentId: string;
  /** Integer minor units. */
  amount: number;
  reason: string;
  byHand: boolean;
  state: Open<RefundState>;
  providerId: string | null;
  resultCode: string | null;
  resultText: string | null;
  createdAt: string;
  updatedAt: string;
}

export interface PaymentRefundPartial {
  id?: string;
  clientRequestId?: string;
  intentId?: string;
  /** Integer minor units. */
  amount?: number;
  reason?: string;
  byHand?: boolean;
  state?: Open<RefundState>;
  providerId?: string | null;
  resultCode?: string | null;
  resultText?: string | null;
  createdAt?: string;
  updatedAt?: string;
}

export interface PaymentRefunds {
  data: PaymentRefund[];
}

export type PaymentStatus = 'accepted' | 'unverified' | 'reversed';

export type PaymentVerdict = 'paid' | 'not_paid';

export interface Payout {
  id: string;
  clientRequestId: string;
  kind: Open<PayoutKind>;
  accountId: string;
  provider: Open<PaymentProvider>;
  /** Integer minor units. */
  amount: number;
  currency: string;
  /** E.164, with its plus. Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string | null;
  recipientName: string | null;
  purpose: Open<PayoutPurpose>;
  reason: string;
  /** Of a reversal: the payment that goes back. */
  intentId: string | null;
  /** Of a reversal: the refund that it is. */
  refundId: string | null;
  state: Open<PayoutState>;
  /** What the provider calls it. */
  conversationId: string | null;
  /** What the recipient holds in hand. */
  receiptCode: string | null;
  /** As the provider knows them; the number has stars in it. */
  recipient: string | null;
  /** The provider's own. */
  resultCode: string | null;
  /** The provider's own. */
  resultText: string | null;
  /** Why somebody should look at it. */
  concern: Open<PayoutConcern> | null;
  /** How often it was sent, under the same id each time. */
  sends: number;
  sentAt: string | null;
  paidAt: string | null;
  finishedAt: string | null;
  createdAt: string;
  updatedAt: string;
  createdBy: string | null;
  version: number;
}

export interface PayoutBalance {
  accountId: string;
  purses: unknown;
  askedAt: string | null;
  toldAt: string | null;
}

export type PayoutConcern = 'amount_differs' | 'failed_after_paid' | 'paid_after_failed' | 'receipt_differs' | 'refund_unfit';

export type PayoutKind = 'payout' | 'reversal';

export interface PayoutMoved {
  id: string;
  kind: Open<PayoutKind>;
  state: Open<PayoutState>;
  provider: Open<PaymentProvider>;
  /** Integer minor units. */
  amount: number;
  currency: string;
  purpose: Open<PayoutPurpose>;
  intentId: string | null;
  refundId: string | null;
  receiptCode: string | null;
  resultCode: string | null;
  concern: Open<PayoutConcern> | null;
}

export interface PayoutPage {
  data: Payout[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface PayoutPartial {
  id?: string;
  clientRequestId?: string;
  kind?: Open<PayoutKind>;
  accountId?: string;
  provider?: Open<PaymentProvider>;
  /** Integer minor units. */
  amount?: number;
  currency?: string;
  /** E.164, with its plus. Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  recipientName?: string | null;
  purpose?: Open<PayoutPurpose>;
  reason?: string;
  /** Of a reversal: the payment that goes back. */
  intentId?: string | null;
  /** Of a reversal: the refund that it is. */
  refundId?: string | null;
  state?: Open<PayoutState>;
  /** What the provider calls it. */
  conversationId?: string | null;
  /** What the recipient holds in hand. */
  receiptCode?: string | null;
  /** As the provider knows them; the number has stars in it. */
  recipient?: string | null;
  /** The provider's own. */
  resultCode?: string | null;
  /** The provider's own. */
  resultText?: string | null;
  /** Why somebody should look at it. */
  concern?: Open<PayoutConcern> | null;
  /** How often it was sent, under the same id each time. */
  sends?: number;
  sentAt?: string | null;
  paidAt?: string | null;
  finishedAt?: string | null;
  createdAt?: string;
  updatedAt?: string;
  createdBy?: string | null;
  version?: number;
}

export type PayoutPurpose = 'business' | 'salary' | 'promotion';

export interface PayoutReply {
  id: string;
  clientRequestId: string;
  kind: Open<PayoutKind>;
  accountId: string;
  provider: Open<PaymentProvider>;
  /** Integer minor units. */
  amount: number;
  currency: string;
  /** E.164, with its plus. Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string | null;
  recipientName: string | null;
  purpose: Open<PayoutPurpose>;
  reason: string;
  /** Of a reversal: the payment that goes back. */
  intentId: string | null;
  /** Of a reversal: the refund that it is. */
  refundId: string | null;
  state: Open<PayoutState>;
  /** What the provider calls it. */
  conversationId: string | null;
  /** What the recipient holds in hand. */
  receiptCode: string | null;
  /** As the provider knows them; the number has stars in it. */
  recipient: string | null;
  /** The provider's own. */
  resultCode: string | null;
  /** The provider's own. */
  resultText: string | null;
  /** Why somebody should look at it. */
  concern: Open<PayoutConcern> | null;
  /** How often it was sent, under the same id each time. */
  sends: number;
  sentAt: string | null;
  paidAt: string | null;
  finishedAt: string | null;
  createdAt: string;
  updatedAt: string;
  createdBy: string | null;
  version: number;
  /** What the provider's code means, in English, or in Swahili by `Accept-Language: sw`. */
  message: string | null;
}

export type PayoutState = 'created' | 'sent' | 'pending' | 'succeeded' | 'failed' | 'unknown';

export type PayoutVerdict = 'paid' | 'not_paid';

export interface Person {
  id: string;
  email: string;
  /** Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string | null;
  name: string;
}

export interface PhoneCodeRequest {
  /** Missing: the account's present number. Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  /** Of the account; needed for another number than the present one. */
  password?: string | null;
}

export interface PhoneCodeSent {
  /** Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string;
  expiresAt: string;
}

export interface PhoneProof {
  /** Missing: the account's present number. Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  /** Of the SMS. */
  code: string;
}

export interface Plan {
  /** Invisible characters are dropped, small letters become capitals. */
  code: string;
  name: string;
  /** Of a period, in minor units. */
  price: number;
  currency: string;
  period: Open<BillingPeriod>;
  limits: PlanLimits;
  /** How long a shop's first subscription costs nothing. */
  trialDays: number;
  /** Shops without a subscription get one of this plan. */
  isDefault: boolean;
}

export interface PlanLimits {
  /** Active members. */
  seats: number | null;
  locations: number | null;
  /** Of images, documents and uploads under way. Null: what the service allows. */
  storageBytes: number | null;
}

export interface PlanList {
  data: Plan[];
}

export interface PlanPartial {
  /** Invisible characters are dropped, small letters become capitals. */
  code?: string;
  name?: string;
  /** Of a period, in minor units. */
  price?: number;
  currency?: string;
  period?: Open<BillingPeriod>;
  limits?: PlanLimits;
  /** How long a shop's first subscription costs nothing. */
  trialDays?: number;
  /** Shops without a subscription get one of this plan. */
  isDefault?: boolean;
}

/** What went wrong (RFC 9457) and what to do about it. */
export interface Problem {
  /** URI of the problem's description. */
  type: string;
  /** The same for every occurrence of this code. */
  title: string;
  status: number;
  /** About this occurrence; for people. */
  detail?: string;
  /** The path of the request; absent where none could be read. */
  instance?: string;
  /** What programs go by; stable. */
  code: string;
  /** Whether the same bytes may succeed later. */
  retriable: boolean;
  action: Open<ProblemAction>;
  /** Not before this many milliseconds. */
  retryAfterMs: number | null;
  /** Name this when asking for help. */
  requestId?: string;
  /** Every finding, not only the first. */
  errors?: ProblemIssue[];
  /** Of a sign-in that has a second step: what is sent back beside the code. */
  challenge?: string;
  /** Until when `challenge` is good. */
  expiresAt?: string;
}

export type ProblemAction = 'retry' | 'refresh_auth' | 'fix' | 'pull_first' | 'upgrade' | 'pay' | 'contact';

/** One finding about the request. */
export interface ProblemIssue {
  /** Where: body, query, path or header. */
  in: string;
  /** JSON Pointer (RFC 6901) to the member or parameter. */
  pointer: string;
  /** Which rule was broken; stable. */
  code: string;
  /** For developers, in English. */
  message?: string;
  /** What a translated message needs. */
  params?: Record<string, unknown>;
}

export interface Product {
  id: string;
  name: string;
  /** HTML, which is cleaned before it is stored: a, b, blockquote, br, code, del, div, em, h2, h3, h4, hr, i, ins, li, ol, p, pre, s, small, span, strong, sub, sup, u, ul stay, `href` and `title` of links too (http, https, mailto, tel). Write a plain text with `&lt;` for <. */
  description: string | null;
  categoryId: string | null;
  brand: string | null;
  soldBy: Open<SoldBy>;
  taxClassId: string | null;
  trackStock: boolean;
  active: boolean;
  /** Made by `POST /v1/images`. */
  imageId: string | null;
  /** Public, of 320 pixels, WebP, made of `imageId`. For another size or JPEG replace its last part: `96.webp`, `960.jpg`. */
  imageUrl: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface ProductDetails {
  id: string;
  name: string;
  /** HTML, which is cleaned before it is stored: a, b, blockquote, br, code, del, div, em, h2, h3, h4, hr, i, ins, li, ol, p, pre, s, small, span, strong, sub, sup, u, ul stay, `href` and `title` of links too (http, https, mailto, tel). Write a plain text with `&lt;` for <. */
  description: string | null;
  categoryId: string | null;
  brand: string | null;
  soldBy: Open<SoldBy>;
  taxClassId: string | null;
  trackStock: boolean;
  active: boolean;
  /** Made by `POST /v1/images`. */
  imageId: string | null;
  /** Public, of 320 pixels, WebP, made of `imageId`. For another size or JPEG replace its last part: `96.webp`, `960.jpg`. */
  imageUrl: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
  /** With `?include=variants`. */
  variants?: VariantDetails[];
}

export interface ProductPage {
  data: Product[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export type ProductPart = 'variants';

export interface ProductPartial {
  id?: string;
  name?: string;
  /** HTML, which is cleaned before it is stored: a, b, blockquote, br, code, del, div, em, h2, h3, h4, hr, i, ins, li, ol, p, pre, s, small, span, strong, sub, sup, u, ul stay, `href` and `title` of links too (http, https, mailto, tel). Write a plain text with `&lt;` for <. */
  description?: string | null;
  categoryId?: string | null;
  brand?: string | null;
  soldBy?: Open<SoldBy>;
  taxClassId?: string | null;
  trackStock?: boolean;
  active?: boolean;
  /** Made by `POST /v1/images`. */
  imageId?: string | null;
  /** Public, of 320 pixels, WebP, made of `imageId`. For another size or JPEG replace its last part: `96.webp`, `960.jpg`. */
  imageUrl?: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export interface ProductPatch {
  name?: string;
  /** HTML, which is cleaned before it is stored: a, b, blockquote, br, code, del, div, em, h2, h3, h4, hr, i, ins, li, ol, p, pre, s, small, span, strong, sub, sup, u, ul stay, `href` and `title` of links too (http, https, mailto, tel). Write a plain text with `&lt;` for <. */
  description?: string | null;
  categoryId?: string | null;
  brand?: string | null;
  soldBy?: SoldBy;
  taxClassId?: string | null;
  trackStock?: boolean;
  active?: boolean;
  /** Made by `POST /v1/images`. */
  imageId?: string | null;
}

export interface ProvenPhone {
  /** Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string;
  provenAt: string;
}

export interface Ready {
  /** `degraded`: requests are answered, and something beside the database is away. */
  status: Open<ReadyState>;
  /** The process is about to end. */
  draining: boolean;
  /** By dependency, such as `postgres`, `migrations` and `redis`. */
  checks: Record<string, ReadyCheck>;
}

export interface ReadyCheck {
  status: Open<ReadyFinding>;
  /** Milliseconds. */
  responseTime: number;
  /** Why, in its own words, where it has some. */
  reason?: string;
}

export type ReadyFinding = 'ok' | 'error';

export type ReadyState = 'ok' | 'degraded' | 'error';

export interface RealtimeChannelRequest {
  /** Of the connection: `123.456`. */
  socket_id: string;
  /** `private-t.{tenantId}.{topic}`. */
  channel_name: string;
}

export interface RealtimeChannelSignature {
  auth: string;
  channel_data?: string;
}

/** Either `email` or `phone`. */
export interface ReceiptRequest {
  /** Invisible characters are dropped, capitals become small letters. */
  email?: string | null;
  /** When left out: `"en"`. */
  locale?: Locale;
  /** Instead of `email`: it goes by SMS or WhatsApp. Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  /** Of a phone number: `sms` when it is missing. */
  channel?: Channel | null;
}

export interface RecoveryCodes {
  /** Ten, shown this once: print them. Each serves once, in place of a code. */
  recoveryCodes: string[];
}

export interface RefreshRequest {
  refreshToken: string;
  /** If given, it must be the session's. */
  deviceId?: string | null;
}

export interface RefundMoved {
  id: string;
  intentId: string;
  locationId: string | null;
  subjectId: string;
  /** Integer minor units. */
  amount: number;
  currency: string;
  reason: string;
  byHand: boolean;
  state: Open<RefundState>;
}

export type RefundState = 'pending' | 'succeeded' | 'failed' | 'unknown';

export interface RefundTask {
  intentId: string;
  reason: Open<IntentConcern>;
  /** Integer minor units. */
  amount: number;
  state: Open<RefundTaskState>;
  createdAt: string;
  closedAt: string | null;
  note: string | null;
}

export interface RefundTaskClosing {
  /** Why nothing is paid back. */
  note: string;
}

export interface RefundTaskPage {
  data: RefundTask[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface RefundTaskPartial {
  intentId?: string;
  reason?: Open<IntentConcern>;
  /** Integer minor units. */
  amount?: number;
  state?: Open<RefundTaskState>;
  createdAt?: string;
  closedAt?: string | null;
  note?: string | null;
}

export type RefundTaskState = 'open' | 'done' | 'dismissed';

export interface ReportFile {
  bytes: number;
  /** Without the line of names. */
  rows: number;
  /** Of the bytes, hexadecimal. */
  sha256: string;
  /** Whoever has it may fetch the file, without a token. In lists null. */
  url: string | null;
  /** Read the run again for a new one; 15 minutes at most. */
  urlExpiresAt: string | null;
  /** When the file goes. */
  expiresAt: string;
}

export type ReportFormat = 'csv' | 'csv-bom';

export type ReportName = 'sales' | 'sales-summary' | 'payments' | 'tax' | 'best-sellers' | 'profit' | 'cashier' | 'stock-valuation' | 'stock-low';

export interface ReportProgress {
  /** Written so far. */
  rows: number;
  /** Null: nobody knows how many there will be. */
  percent: number | null;
}

export interface ReportRun {
  id: string;
  report: Open<ReportName>;
  from: string | null;
  to: string | null;
  locationId: string | null;
  format: Open<ReportFormat>;
  status: Open<ReportRunStatus>;
  progress: ReportProgress;
  /** Of `succeeded`, for seven days; then the run is `expired`. */
  file: ReportFile | null;
  /** The code of what went wrong; of a run that is `queued` again, in its last attempt. */
  failure: string | null;
  attempts: number;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  createdBy: string | null;
}

export interface ReportRunPage {
  data: ReportRun[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface ReportRunPartial {
  id?: string;
  report?: Open<ReportName>;
  from?: string | null;
  to?: string | null;
  locationId?: string | null;
  format?: Open<ReportFormat>;
  status?: Open<ReportRunStatus>;
  progress?: ReportProgress;
  /** Of `succeeded`, for seven days; then the run is `expired`. */
  file?: ReportFile | null;
  /** The code of what went wrong; of a run that is `queued` again, in its last attempt. */
  failure?: string | null;
  attempts?: number;
  createdAt?: string;
  startedAt?: string | null;
  finishedAt?: string | null;
  createdBy?: string | null;
}

export type ReportRunStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'expired';

export interface ResolveIntent {
  outcome: PaymentVerdict;
  /** What the payer or the provider's statement shows. Required with `paid`. */
  receiptCode?: string | null;
  /** How it is known. */
  note?: string | null;
}

export interface ResolvePayout {
  outcome: PayoutVerdict;
  /** Of `paid`: as the portal has it. Invisible characters are dropped, small letters become capitals. */
  receiptCode?: string | null;
  /** How it is known. */
  note: string;
}

export type Revocation = 'lost' | 'retired';

export interface RevokeDevice {
  status: Revocation;
}

export interface RoleAssignment {
  roleId: string;
  /** Null: at every location. */
  locationId: string | null;
}

export interface RoleAssignmentInput {
  roleId: string;
  /** Null: at every location. */
  locationId?: string | null;
}

export interface RoleList {
  data: RoleView[];
}

export interface RoleView {
  id: string;
  name: string;
  /** Of a role that every tenant has: its fixed name. */
  builtIn: string | null;
  permissions: string[];
}

export interface RoleViewPartial {
  id?: string;
  name?: string;
  /** Of a role that every tenant has: its fixed name. */
  builtIn?: string | null;
  permissions?: string[];
}

export interface RotateWebhookSecret {
  /** How long the former secret signs beside the new one. Each has its own end. 0: all former ones end at once; for a secret that has leaked. When left out: `24`. */
  overlapHours?: number;
}

export interface RotatedWebhookSecret {
  /** Of `hmac`: `whsec_…`. In this reply alone; null when the request is repeated: the secret of a reply that was lost is replaced by rotate-secret. */
  secret: string | null;
  /** Of `ed25519`: `whpk_…`. */
  publicKey: string | null;
  secrets: WebhookSecret[];
}

export interface Sale {
  id: string;
  locationId: string;
  registerId: string | null;
  shiftId: string | null;
  deviceId: string | null;
  deviceSeq: number | null;
  receiptNumber: string;
  clientRequestId: string;
  kind: Open<SaleKind>;
  status: Open<SaleStatus>;
  originalSaleId: string | null;
  customerId: string | null;
  cashierId: string | null;
  /** Integer minor units. */
  subtotal: number;
  /** Integer minor units. */
  discountTotal: number;
  /** Integer minor units. */
  exclusiveTaxTotal: number;
  /** Integer minor units. */
  taxTotal: number;
  /** Integer minor units. */
  cashRounding: number;
  /** Integer minor units. */
  total: number;
  /** Integer minor units. */
  paidTotal: number;
  /** Integer minor units. */
  changeGiven: number;
  /** Integer minor units. */
  creditTotal: number;
  taxRounding: Open<TaxRounding>;
  flags: string[];
  occurredAt: string;
  deviceOccurredAt: string;
  recordedAt: string;
  businessDay: string;
  late: boolean;
  note: string | null;
  version: number;
  lines: SaleLineRow[];
  taxes: SaleTax[];
  payments: Payment[];
}

export interface SaleCreated {
  id: string;
  locationId: string;
  receiptNumber: string;
  businessDay: string;
  /** Integer minor units. */
  total: number;
  /** Integer minor units. */
  taxTotal: number;
  /** Integer minor units. */
  discountTotal: number;
  occurredAt: string;
}

export type SaleFlag = 'cash_rounding_variance' | 'clock_ahead' | 'clock_behind' | 'credit_implied' | 'payment_intent_open' | 'payment_intent_unfit' | 'payment_reference_reused' | 'price_variance' | 'quantity_implausible' | 'receipt_number_duplicate' | 'receipt_number_foreign' | 'recorded_late' | 'stock_variance' | 'tax_variance' | 'text_changed' | 'unknown_members' | 'unlinked_reference';

export type SaleKind = 'sale' | 'return' | 'exchange';

export interface SaleLineRow {
  lineNumber: number;
  variantId: string | null;
  name: string;
  sku: string | null;
  barcode: string | null;
  /** Decimal with at most 4 digits after the point. */
  quantity: string;
  /** Integer minor units. */
  unitPrice: number;
  taxInclusive: boolean;
  /** Integer minor units. */
  discount: number;
  /** Integer minor units. */
  orderDiscountShare: number;
  taxCode: string;
  /** Parts per million. */
  taxRatePpm: number;
  /** Integer minor units. */
  taxAmount: number;
  /** Integer minor units. */
  net: number;
  /** Integer minor units. */
  gross: number;
  /** Decimal with at most 4 digits after the point. */
  returnedQuantity: string;
}

export interface SalePaymentUpdated {
  id: string;
  saleId: string;
  locationId: string;
  /** Integer minor units. */
  amount: number;
}

export interface SaleRow {
  id: string;
  locationId: string;
  registerId: string | null;
  shiftId: string | null;
  deviceId: string | null;
  deviceSeq: number | null;
  receiptNumber: string;
  clientRequestId: string;
  kind: Open<SaleKind>;
  status: Open<SaleStatus>;
  originalSaleId: string | null;
  customerId: string | null;
  cashierId: string | null;
  /** Integer minor units. */
  subtotal: number;
  /** Integer minor units. */
  discountTotal: number;
  /** Integer minor units. */
  exclusiveTaxTotal: number;
  /** Integer minor units. */
  taxTotal: number;
  /** Integer minor units. */
  cashRounding: number;
  /** Integer minor units. */
  total: number;
  /** Integer minor units. */
  paidTotal: number;
  /** Integer minor units. */
  changeGiven: number;
  /** Integer minor units. */
  creditTotal: number;
  taxRounding: Open<TaxRounding>;
  flags: string[];
  occurredAt: string;
  deviceOccurredAt: string;
  recordedAt: string;
  businessDay: string;
  late: boolean;
  note: string | null;
  version: number;
}

export interface SaleRowPage {
  data: SaleRow[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface SaleRowPartial {
  id?: string;
  locationId?: string;
  registerId?: string | null;
  shiftId?: string | null;
  deviceId?: string | null;
  deviceSeq?: number | null;
  receiptNumber?: string;
  clientRequestId?: string;
  kind?: Open<SaleKind>;
  status?: Open<SaleStatus>;
  originalSaleId?: string | null;
  customerId?: string | null;
  cashierId?: string | null;
  /** Integer minor units. */
  subtotal?: number;
  /** Integer minor units. */
  discountTotal?: number;
  /** Integer minor units. */
  exclusiveTaxTotal?: number;
  /** Integer minor units. */
  taxTotal?: number;
  /** Integer minor units. */
  cashRounding?: number;
  /** Integer minor units. */
  total?: number;
  /** Integer minor units. */
  paidTotal?: number;
  /** Integer minor units. */
  changeGiven?: number;
  /** Integer minor units. */
  creditTotal?: number;
  taxRounding?: Open<TaxRounding>;
  flags?: string[];
  occurredAt?: string;
  deviceOccurredAt?: string;
  recordedAt?: string;
  businessDay?: string;
  late?: boolean;
  note?: string | null;
  version?: number;
}

export type SaleStatus = 'completed' | 'voided';

export interface SaleTax {
  taxCode: string;
  /** Parts per million. */
  taxRatePpm: number;
  inclusive: boolean;
  /** Integer minor units. */
  taxableNet: number;
  /** Integer minor units. */
  tax: number;
}

export interface ScannedVariant {
  id: string;
  productId: string;
  name: string;
  /** Invisible characters are dropped. */
  sku: string | null;
  unit: string;
  /** Selling price of one unit, minor units; whether it holds the tax is the tax rate's `inclusive`. */
  price: number;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  cost?: number | null;
  /** Decimal with at most 4 digits after the point. At least 0. */
  reorderLevel: string | null;
  active: boolean;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
  barcode: string;
  /** Units that this scan sells. Decimal with at most 4 digits after the point. */
  packQuantity: string;
  productName: string;
  soldBy: Open<SoldBy>;
  trackStock: boolean;
  taxCode: string | null;
  /** Today's, by the tenant's clock. Parts per million. */
  taxRatePpm: number | null;
  taxInclusive: boolean | null;
}

export interface SecondFactorRules {
  /** Each member of the tenant. */
  everyone: boolean;
  /** Members who have one of these roles, at whichever location. */
  roleIds: string[];
}

export interface SecondFactorRulesInput {
  /** Each member of the tenant. */
  everyone: boolean;
  /** Members who have one of these roles, at whichever location. When left out: `[]`. */
  roleIds?: string[];
}

export interface SecondFactorState {
  enabled: boolean;
  since: string | null;
  recoveryCodesLeft: number;
  /** By the tenant of this session. */
  askedFor: boolean;
  /** Without it none can be set up. */
  emailProven: boolean;
}

export interface SeenDevice {
  id: string;
  locationId: string;
  name: string;
  deviceId: string;
  /** Operations that it has not sent yet. */
  pending: number;
  oldestPendingAt: string | null;
  /** The last number it gave to a sale. */
  lastDeviceSeq: number;
  /** Numbers up to `lastDeviceSeq`, of the last 10,000, of which no sale is here. More than `pending`: sales are lost. */
  missing: number;
  storageFreeMb: number | null;
  appVersion: string | null;
  /** Its clock less the server's; negative: it is behind. */
  clockSkewMs: number | null;
  seenAt: string;
}

export interface SeenDevicePartial {
  id?: string;
  locationId?: string;
  name?: string;
  deviceId?: string;
  /** Operations that it has not sent yet. */
  pending?: number;
  oldestPendingAt?: string | null;
  /** The last number it gave to a sale. */
  lastDeviceSeq?: number;
  /** Numbers up to `lastDeviceSeq`, of the last 10,000, of which no sale is here. More than `pending`: sales are lost. */
  missing?: number;
  storageFreeMb?: number | null;
  appVersion?: string | null;
  /** Its clock less the server's; negative: it is behind. */
  clockSkewMs?: number | null;
  seenAt?: string;
}

export interface SeenDevices {
  data: SeenDevice[];
}

export type SessionKind = 'token' | 'cookie';

export interface SessionList {
  data: SessionView[];
}

export interface SessionView {
  id: string;
  tenantId: string;
  deviceId: string | null;
  kind: Open<SessionKind>;
  userAgent: string;
  ipAddress: string;
  createdAt: string;
  /** When it was used last, to some minutes. */
  lastSeenAt: string;
  expiresAt: string;
  /** The one that asks. */
  current: boolean;
}

export interface SessionViewPartial {
  id?: string;
  tenantId?: string;
  deviceId?: string | null;
  kind?: Open<SessionKind>;
  userAgent?: string;
  ipAddress?: string;
  createdAt?: string;
  /** When it was used last, to some minutes. */
  lastSeenAt?: string;
  expiresAt?: string;
  /** The one that asks. */
  current?: boolean;
}

export interface SignUp {
  tenant: TenantSettings;
  owner: SignUpOwner;
  /** The first location. When left out: `{"code":"MAIN","name":"Main shop"}`. */
  location?: SignUpLocation;
  /** When left out: `"token"`. */
  session?: SessionKind;
}

export interface SignUpLocation {
  /** When left out: `"MAIN"`. Invisible characters are dropped, small letters become capitals. */
  code?: string;
  /** When left out: `"Main shop"`. */
  name?: string;
}

export interface SignUpOwner {
  name: string;
  /** Invisible characters are dropped, capitals become small letters. */
  email: string;
  /** Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
  /** Not one that is often used. If the e-mail address has a user already, that user's. */
  password: string;
}

export interface SignedIn {
  /** Send it as `Authorization: Bearer …`. */
  accessToken?: string;
  tokenType?: string;
  /** Seconds. */
  expiresIn?: number;
  /** Single use; POST /auth/refresh gives the next one. */
  refreshToken?: string;
  /** Of a cookie session: repeat it in X-CSRF-Token. */
  csrfToken?: string;
  sessionId: string;
  user: Person;
  tenant: TenantSummary;
  memberships: MembershipSummary[];
}

export interface SigningKey {
  kty: string;
  crv: string;
  x: string;
  /** Of keys with two coordinates (EC). */
  y?: string;
  /** What a token's header names. */
  kid: string;
  use: string;
  alg: string;
  key_ops: string[];
}

/** A JWK Set (RFC 7517). */
export interface SigningKeys {
  /** The one that signs, and those before and after it while keys are changed. */
  keys: SigningKey[];
}

export interface SocketTicket {
  /** For `/v1/ws?ticket=`, once. */
  ticket: string;
  /** Seconds. */
  expiresIn: number;
}

export type SoldBy = 'unit' | 'weight' | 'length' | 'volume';

export interface StockAdjusted {
  id: string;
  locationId: string;
  reason: Open<AdjustmentReason>;
  lines: AdjustedLine[];
  occurredAt: string;
}

export interface StockLevel {
  locationId: string;
  variantId: string;
  id: string;
  /** Decimal with at most 4 digits after the point. */
  onHand: string;
  /** Decimal with at most 4 digits after the point. */
  reserved: string;
  version: number;
  updatedAt: string;
}

export interface StockLevelPage {
  data: StockLevel[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface StockLevelPartial {
  locationId?: string;
  variantId?: string;
  id?: string;
  /** Decimal with at most 4 digits after the point. */
  onHand?: string;
  /** Decimal with at most 4 digits after the point. */
  reserved?: string;
  version?: number;
  updatedAt?: string;
}

export interface StockLow {
  id: string;
  locationId: string;
  productId: string;
  variantId: string;
  name: string;
  sku: string | null;
  /** Decimal with at most 4 digits after the point. */
  onHand: string;
  /** Decimal with at most 4 digits after the point. */
  reorderLevel: string;
}

export interface StockMovement {
  id: string;
  locationId: string;
  variantId: string;
  /** Decimal with at most 4 digits after the point. */
  quantityDelta: string;
  reason: Open<MovementReason>;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  unitCost?: number | null;
  sourceType: string;
  sourceId: string;
  sourceLine: number;
  occurredAt: string;
  recordedAt: string;
  /** Decimal with at most 4 digits after the point. */
  balanceAfter: string;
  deviceId: string | null;
  note: string | null;
}

export interface StockMovementPage {
  data: StockMovement[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface StockMovementPartial {
  id?: string;
  locationId?: string;
  variantId?: string;
  /** Decimal with at most 4 digits after the point. */
  quantityDelta?: string;
  reason?: Open<MovementReason>;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  unitCost?: number | null;
  sourceType?: string;
  sourceId?: string;
  sourceLine?: number;
  occurredAt?: string;
  recordedAt?: string;
  /** Decimal with at most 4 digits after the point. */
  balanceAfter?: string;
  deviceId?: string | null;
  note?: string | null;
}

export interface StorageUse {
  /** Images, documents and uploads under way, which count with what they have announced. */
  usedBytes: number;
  /** Of the plan; where it says nothing, of the service. */
  limitBytes: number;
}

export interface Subscription {
  id: string;
  /** Invisible characters are dropped, small letters become capitals. */
  planCode: string;
  planName: string;
  /** Of a period, in minor units. */
  price: number;
  currency: string;
  period: Open<BillingPeriod>;
  limits: PlanLimits;
  /** What the next period is of; null: the same. Invisible characters are dropped, small letters become capitals. */
  nextPlanCode: string | null;
  state: Open<SubscriptionState>;
  /** The day of the month that periods begin with. */
  anchorDay: number;
  periodStart: string;
  /** The first day that is not paid. */
  periodEnd: string;
  /** The day on which the shop is suspended, unless it has paid. */
  graceUntil: string;
  /** It ends with the period that is paid. */
  cancelsAtEnd: boolean;
  cancelledAt: string | null;
  /** Prompted when a payment names no other number. Read in any spelling, kept as E.164: `+254712345678`. */
  phone: string | null;
  createdAt: string;
  updatedAt: string;
  version: number;
}

export interface SubscriptionChoice {
  /** Missing: the plan stays, and a cancellation that waits is taken back. Invisible characters are dropped, small letters become capitals. */
  planCode?: string | null;
  /** Prompted when a payment names no other number. Read in any spelling, kept as E.164: `+254712345678`. */
  phone?: string | null;
}

export interface SubscriptionInvoice {
  id: string;
  subscriptionId: string;
  reason: Open<SubscriptionInvoiceReason>;
  /** Invisible characters are dropped, small letters become capitals. */
  planCode: string;
  planName: string;
  /** Of a period, in minor units. */
  price: number;
  currency: string;
  period: Open<BillingPeriod>;
  limits: PlanLimits;
  /** Of what it pays. When a suspended shop pays, the day of the payment. */
  periodStart: string;
  /** The first day of the next period. */
  periodEnd: string;
  dueOn: string;
  state: Open<SubscriptionInvoiceState>;
  /** The payment that it was paid by; null: by credit, or not yet. */
  intentId: string | null;
  paidAt: string | null;
  createdAt: string;
  updatedAt: string;
  version: number;
}

export interface SubscriptionInvoicePage {
  data: SubscriptionInvoice[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface SubscriptionInvoicePartial {
  id?: string;
  subscriptionId?: string;
  reason?: Open<SubscriptionInvoiceReason>;
  /** Invisible characters are dropped, small letters become capitals. */
  planCode?: string;
  planName?: string;
  /** Of a period, in minor units. */
  price?: number;
  currency?: string;
  period?: Open<BillingPeriod>;
  limits?: PlanLimits;
  /** Of what it pays. When a suspended shop pays, the day of the payment. */
  periodStart?: string;
  /** The first day of the next period. */
  periodEnd?: string;
  dueOn?: string;
  state?: Open<SubscriptionInvoiceState>;
  /** The payment that it was paid by; null: by credit, or not yet. */
  intentId?: string | null;
  paidAt?: string | null;
  createdAt?: string;
  updatedAt?: string;
  version?: number;
}

export type SubscriptionInvoiceReason = 'period';

export type SubscriptionInvoiceState = 'open' | 'paid' | 'void';

export interface SubscriptionPayment {
  invoice: SubscriptionInvoice;
  /** What is asked for: the price less the shop's credit. Integer minor units. */
  due: number;
  /** The attempt; `GET /v1/payment-intents/{id}` says what becomes of it. Null: credit paid it. */
  intent: PaymentIntent | null;
}

export interface SubscriptionPaymentRequest {
  /** Of this attempt: the same one again is the same prompt. */
  clientRequestId: string;
  /** When left out: `"mpesa"`. */
  provider?: PaymentProvider;
  /** Where the prompt rings; missing: the subscription's. */
  phone?: string | null;
  /** Where a hosted page leads back to. */
  returnUrl?: string | null;
}

export type SubscriptionState = 'trialing' | 'active' | 'past_due' | 'grace' | 'suspended' | 'cancelled';

export interface SubscriptionView {
  /** The newest one; null: the shop has never had one, and everything works. */
  subscription: Subscription | null;
  openInvoice: SubscriptionInvoice | null;
  /** What was paid beyond invoices: the next one takes it. Integer minor units. */
  credit: number;
  /** A JWT of type `entitlement+jwt` for tills, signed by the keys of /.well-known/jwks.json. */
  entitlement: string;
  /** Until when a till sells without asking again. */
  offlineUntil: string;
  /** How much room the shop's files take, and may take. */
  storage: StorageUse;
}

export interface TaxClass {
  id: string;
  /** Invisible characters are dropped, small letters become capitals. */
  code: string;
  name: string;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface TaxClassPage {
  data: TaxClass[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface TaxClassPartial {
  id?: string;
  /** Invisible characters are dropped, small letters become capitals. */
  code?: string;
  name?: string;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export interface TaxClassPatch {
  /** Invisible characters are dropped, small letters become capitals. */
  code?: string;
  name?: string;
}

export type TaxKind = 'standard' | 'reduced' | 'zero' | 'exempt';

export interface TaxRate {
  id: string;
  taxClassId: string;
  name: string;
  /** Parts per million: 16 % is 160000. */
  ratePpm: number;
  kind: Open<TaxKind>;
  /** Prices hold this tax already. */
  inclusive: boolean;
  validFrom: string;
  /** The first day on which it is not valid any more; after `validFrom`. */
  validTo: string | null;
  /** Invisible characters are dropped. */
  fiscalCode: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface TaxRateChangePatch {
  name?: string;
  /** The first day on which it is not valid any more. */
  validTo?: string | null;
  /** Invisible characters are dropped. */
  fiscalCode?: string | null;
}

export interface TaxRatePage {
  data: TaxRate[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface TaxRatePartial {
  id?: string;
  taxClassId?: string;
  name?: string;
  /** Parts per million: 16 % is 160000. */
  ratePpm?: number;
  kind?: Open<TaxKind>;
  /** Prices hold this tax already. */
  inclusive?: boolean;
  validFrom?: string;
  /** The first day on which it is not valid any more; after `validFrom`. */
  validTo?: string | null;
  /** Invisible characters are dropped. */
  fiscalCode?: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export type TaxRounding = 'rate_group' | 'line';

export interface Tenant {
  id: string;
  name: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  /** ISO 4217; fixed once sales exist. */
  currency: string;
  /** IANA name. */
  timeZone: string;
  /** Minutes after midnight that still belong to the day before. */
  businessDayCutoff: number;
  taxRounding: Open<TaxRounding>;
  /** Minor units to which cash amounts are rounded; 1: not at all. */
  cashRoundingUnit: number;
  negativeStock: Open<NegativeStock>;
  /** Made by `POST /v1/images`. */
  logoImageId: string | null;
  status: Open<TenantStatus>;
  /** Public, of 320 pixels, WebP, made of `logoImageId`. */
  logoUrl: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface TenantSettings {
  name: string;
  /** ISO 3166-1 alpha-2. When left out: `"KE"`. */
  country?: string;
  /** ISO 4217; fixed once sales exist. When left out: `"KES"`. */
  currency?: string;
  /** IANA name. When left out: `"Africa/Nairobi"`. */
  timeZone?: string;
  /** Minutes after midnight that still belong to the day before. When left out: `0`. */
  businessDayCutoff?: number;
  /** When left out: `"rate_group"`. */
  taxRounding?: TaxRounding;
  /** Minor units to which cash amounts are rounded; 1: not at all. When left out: `1`. */
  cashRoundingUnit?: number;
  /** When left out: `"warn"`. */
  negativeStock?: NegativeStock;
  /** Made by `POST /v1/images`. */
  logoImageId?: string | null;
}

export interface TenantSettingsPatch {
  name?: string;
  /** ISO 3166-1 alpha-2. */
  country?: string;
  /** ISO 4217; fixed once sales exist. */
  currency?: string;
  /** IANA name. */
  timeZone?: string;
  /** Minutes after midnight that still belong to the day before. */
  businessDayCutoff?: number;
  taxRounding?: TaxRounding;
  /** Minor units to which cash amounts are rounded; 1: not at all. */
  cashRoundingUnit?: number;
  negativeStock?: NegativeStock;
  /** Made by `POST /v1/images`. */
  logoImageId?: string | null;
}

export type TenantStatus = 'active' | 'suspended' | 'closed';

export interface TenantSummary {
  id: string;
  name: string;
  country: string;
  currency: string;
  timeZone: string;
}

export interface TotpConfirmation {
  /** What the app shows now. */
  code: string;
}

export interface TotpLogin {
  /** Of the answer to POST /auth/login. */
  challenge: string;
  /** What the authenticator app shows. */
  code?: string | null;
  /** What it shows after that one: asked for by `auth.codes_needed`. */
  nextCode?: string | null;
  /** Instead of a code: one of the ten, once. */
  recoveryCode?: string | null;
}

export interface TotpRemoval {
  /** Of the account. */
  password: string;
  /** What the authenticator app shows. */
  code?: string | null;
  /** What it shows after that one: asked for by `auth.codes_needed`. */
  nextCode?: string | null;
  /** Instead of a code: one of the ten, once. */
  recoveryCode?: string | null;
}

export interface TotpSecret {
  /** For people who type it into their app: base32. */
  secret: string;
  /** `otpauth://…`: show it as a QR code. */
  uri: string;
  /** Confirm it until then. */
  expiresAt: string;
}

export interface TotpStart {
  /** Of the account. */
  password: string;
}

export interface UnverifiedPayment {
  id: string;
  saleId: string;
  locationId: string;
  receiptNumber: string;
  method: Open<PaymentMethod>;
  /** Integer minor units. */
  amount: number;
  /** The code that was typed. */
  reference: string | null;
  /** The prompt that it waits for. */
  intentId: string | null;
  recordedAt: string;
}

export interface UnverifiedPaymentPage {
  data: UnverifiedPayment[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface UnverifiedPaymentPartial {
  id?: string;
  saleId?: string;
  locationId?: string;
  receiptNumber?: string;
  method?: Open<PaymentMethod>;
  /** Integer minor units. */
  amount?: number;
  /** The code that was typed. */
  reference?: string | null;
  /** The prompt that it waits for. */
  intentId?: string | null;
  recordedAt?: string;
}

export interface Upload {
  id: string;
  purpose: Open<UploadPurpose>;
  kind: Open<UploadKind>;
  /** `refused`: the file was not what had been announced; `problem` says why. Begin another upload. */
  state: Open<UploadState>;
  contentType: string;
  name: string | null;
  bytes: number;
  /** Of a tus upload: how many bytes are here for good. Of a completed one, all. */
  received: number;
  sha256: string | null;
  /** What it has become: of a `completed` one alone. */
  imageId: string | null;
  documentId: string | null;
  /** An error code. */
  problem: string | null;
  expiresAt: string;
  createdAt: string;
  updatedAt: string;
}

export interface UploadDetails {
  id: string;
  purpose: Open<UploadPurpose>;
  kind: Open<UploadKind>;
  /** `refused`: the file was not what had been announced; `problem` says why. Begin another upload. */
  state: Open<UploadState>;
  contentType: string;
  name: string | null;
  bytes: number;
  /** Of a tus upload: how many bytes are here for good. Of a completed one, all. */
  received: number;
  sha256: string | null;
  /** What it has become: of a `completed` one alone. */
  imageId: string | null;
  documentId: string | null;
  /** An error code. */
  problem: string | null;
  expiresAt: string;
  createdAt: string;
  updatedAt: string;
  /** Of an open upload by a signed URL. */
  target?: UploadTarget;
  /** When it is completed. */
  image?: Image;
  /** When it is completed. */
  document?: Document;
}

export type UploadKind = 'signed_url' | 'tus';

export interface UploadPage {
  data: Upload[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface UploadPartial {
  id?: string;
  purpose?: Open<UploadPurpose>;
  kind?: Open<UploadKind>;
  /** `refused`: the file was not what had been announced; `problem` says why. Begin another upload. */
  state?: Open<UploadState>;
  contentType?: string;
  name?: string | null;
  bytes?: number;
  /** Of a tus upload: how many bytes are here for good. Of a completed one, all. */
  received?: number;
  sha256?: string | null;
  /** What it has become: of a `completed` one alone. */
  imageId?: string | null;
  documentId?: string | null;
  /** An error code. */
  problem?: string | null;
  expiresAt?: string;
  createdAt?: string;
  updatedAt?: string;
}

export type UploadPurpose = 'image' | 'document';

export type UploadState = 'open' | 'completed' | 'refused' | 'expired' | 'deleted';

export interface UploadTarget {
  method: string;
  url: string;
  /** To be sent as they stand. */
  headers: Record<string, string>;
  /** Then `GET /v1/uploads/{id}` gives another one. */
  expiresAt: string;
}

export interface Variant {
  id: string;
  productId: string;
  name: string;
  /** Invisible characters are dropped. */
  sku: string | null;
  unit: string;
  /** Selling price of one unit, minor units; whether it holds the tax is the tax rate's `inclusive`. */
  price: number;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  cost?: number | null;
  /** Decimal with at most 4 digits after the point. At least 0. */
  reorderLevel: string | null;
  active: boolean;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface VariantDetails {
  id: string;
  productId: string;
  name: string;
  /** Invisible characters are dropped. */
  sku: string | null;
  unit: string;
  /** Selling price of one unit, minor units; whether it holds the tax is the tax rate's `inclusive`. */
  price: number;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  cost?: number | null;
  /** Decimal with at most 4 digits after the point. At least 0. */
  reorderLevel: string | null;
  active: boolean;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
  barcodes: Barcode[];
}

export interface VariantPage {
  data: Variant[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface VariantPartial {
  id?: string;
  productId?: string;
  name?: string;
  /** Invisible characters are dropped. */
  sku?: string | null;
  unit?: string;
  /** Selling price of one unit, minor units; whether it holds the tax is the tax rate's `inclusive`. */
  price?: number;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  cost?: number | null;
  /** Decimal with at most 4 digits after the point. At least 0. */
  reorderLevel?: string | null;
  active?: boolean;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export interface VariantPatch {
  name?: string;
  /** Invisible characters are dropped. */
  sku?: string | null;
  unit?: string;
  /** Selling price of one unit, minor units; whether it holds the tax is the tax rate's `inclusive`. */
  price?: number;
  /** Integer minor units. Sent to readers with the permission `costs.read` alone. */
  cost?: number | null;
  /** Decimal with at most 4 digits after the point. At least 0. */
  reorderLevel?: string | null;
  active?: boolean;
}

export interface VariantTold {
  id: string;
  productId: string;
  name: string;
  sku: string | null;
  unit: string;
  /** Integer minor units. */
  price: number;
  active: boolean;
  version: number;
}

export interface WebhookAttempt {
  id: string;
  number: number;
  startedAt: string;
  durationMs: number;
  outcome: Open<WebhookOutcome>;
  /** Of the reply; null: there was none. */
  status: number | null;
  /** The first 1 KiB of the reply's body, without what looks like a secret. */
  reply: string | null;
}

export interface WebhookDelivery {
  id: string;
  endpointId: string;
  /** The `webhook-id` of each of its requests. */
  eventId: string;
  eventType: string;
  subject: string;
  state: Open<WebhookDeliveryState>;
  /** Of the nine that the plan has. Counted before the request leaves: one without an entry among the attempts is one whose end nobody wrote down. */
  attempts: number;
  /** Null while it is pending: it waits for an earlier event of its subject. */
  nextAttemptAt: string | null;
  lastOutcome: Open<WebhookOutcome> | null;
  lastStatus: number | null;
  createdAt: string;
  settledAt: string | null;
}

export interface WebhookDeliveryDetails {
  id: string;
  endpointId: string;
  /** The `webhook-id` of each of its requests. */
  eventId: string;
  eventType: string;
  subject: string;
  state: Open<WebhookDeliveryState>;
  /** Of the nine that the plan has. Counted before the request leaves: one without an entry among the attempts is one whose end nobody wrote down. */
  attempts: number;
  /** Null while it is pending: it waits for an earlier event of its subject. */
  nextAttemptAt: string | null;
  lastOutcome: Open<WebhookOutcome> | null;
  lastStatus: number | null;
  createdAt: string;
  settledAt: string | null;
  /** The body of each request, byte for byte. */
  payload: string;
  /** The attempts and their outcomes, the first 100. */
  tries: WebhookAttempt[];
}

export interface WebhookDeliveryPage {
  data: WebhookDelivery[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface WebhookDeliveryPartial {
  id?: string;
  endpointId?: string;
  /** The `webhook-id` of each of its requests. */
  eventId?: string;
  eventType?: string;
  subject?: string;
  state?: Open<WebhookDeliveryState>;
  /** Of the nine that the plan has. Counted before the request leaves: one without an entry among the attempts is one whose end nobody wrote down. */
  attempts?: number;
  /** Null while it is pending: it waits for an earlier event of its subject. */
  nextAttemptAt?: string | null;
  lastOutcome?: Open<WebhookOutcome> | null;
  lastStatus?: number | null;
  createdAt?: string;
  settledAt?: string | null;
}

export type WebhookDeliveryState = 'pending' | 'succeeded' | 'exhausted';

export interface WebhookDetails {
  id: string;
  /** Where events are posted to: https, at port 443 or 8443, and no private address. In development also this machine, by http. */
  url: string;
  description: string | null;
  /** Names of events, each kept once; `sale.*` for all of a resource; `*` for all, also those of later releases. */
  eventTypes: string[];
  /** Only events of these locations, and those that belong to none. Empty: all. */
  locationIds: string[];
  /** `thin`: `data` has the id alone; ask the API for the rest. A delivery keeps the form that it was made with. */
  payload: Open<WebhookPayload>;
  /** Events of one subject leave one behind the other: the next one when the one before it has arrived, or was given up. */
  ordered: boolean;
  /** False: nothing is sent, and events are counted as missed. What waits goes on when it is true again. */
  enabled: boolean;
  /** `hmac`: signatures `v1`, and a shared secret (`whsec_`). `ed25519`: signatures `v1a`, verified with a public key (`whpk_`). */
  signing: Open<WebhookSigning>;
  /** `gone`: it answered 410. `failing`: nothing arrived for five days. `by_hand`: somebody set `enabled` to false. */
  disabledReason: Open<WebhookDisabledReason> | null;
  disabledAt: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
  /** Deliveries that have not arrived, and are still tried. */
  pending: number;
  /** Events for which there was no room, or that came while it was disabled. They are sent when somebody asks for them. */
  missed: number;
  missedSince: string | null;
  /** The first failure after the last success. */
  failingSince: string | null;
  secrets: WebhookSecret[];
}

export type WebhookDisabledReason = 'by_hand' | 'failing' | 'gone';

export interface WebhookEndpoint {
  id: string;
  /** Where events are posted to: https, at port 443 or 8443, and no private address. In development also this machine, by http. */
  url: string;
  description: string | null;
  /** Names of events, each kept once; `sale.*` for all of a resource; `*` for all, also those of later releases. */
  eventTypes: string[];
  /** Only events of these locations, and those that belong to none. Empty: all. */
  locationIds: string[];
  /** `thin`: `data` has the id alone; ask the API for the rest. A delivery keeps the form that it was made with. */
  payload: Open<WebhookPayload>;
  /** Events of one subject leave one behind the other: the next one when the one before it has arrived, or was given up. */
  ordered: boolean;
  /** False: nothing is sent, and events are counted as missed. What waits goes on when it is true again. */
  enabled: boolean;
  /** `hmac`: signatures `v1`, and a shared secret (`whsec_`). `ed25519`: signatures `v1a`, verified with a public key (`whpk_`). */
  signing: Open<WebhookSigning>;
  /** `gone`: it answered 410. `failing`: nothing arrived for five days. `by_hand`: somebody set `enabled` to false. */
  disabledReason: Open<WebhookDisabledReason> | null;
  disabledAt: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version: number;
  createdAt: string;
  updatedAt: string;
}

export interface WebhookEndpointPage {
  data: WebhookEndpoint[];
  /** Give it as `cursor` to get the next page; null on the last. */
  nextCursor: string | null;
  /** With `?count=true`: the rows of all pages together. */
  count?: PageCount;
}

export interface WebhookEndpointPartial {
  id?: string;
  /** Where events are posted to: https, at port 443 or 8443, and no private address. In development also this machine, by http. */
  url?: string;
  description?: string | null;
  /** Names of events, each kept once; `sale.*` for all of a resource; `*` for all, also those of later releases. */
  eventTypes?: string[];
  /** Only events of these locations, and those that belong to none. Empty: all. */
  locationIds?: string[];
  /** `thin`: `data` has the id alone; ask the API for the rest. A delivery keeps the form that it was made with. */
  payload?: Open<WebhookPayload>;
  /** Events of one subject leave one behind the other: the next one when the one before it has arrived, or was given up. */
  ordered?: boolean;
  /** False: nothing is sent, and events are counted as missed. What waits goes on when it is true again. */
  enabled?: boolean;
  /** `hmac`: signatures `v1`, and a shared secret (`whsec_`). `ed25519`: signatures `v1a`, verified with a public key (`whpk_`). */
  signing?: Open<WebhookSigning>;
  /** `gone`: it answered 410. `failing`: nothing arrived for five days. `by_hand`: somebody set `enabled` to false. */
  disabledReason?: Open<WebhookDisabledReason> | null;
  disabledAt?: string | null;
  /** Counts the changes of the row; the number in its ETag. */
  version?: number;
  createdAt?: string;
  updatedAt?: string;
}

export type WebhookOutcome = 'succeeded' | 'gone' | 'redirected' | 'refused' | 'throttled' | 'failed' | 'timed_out' | 'unreachable' | 'tls_failed' | 'bad_reply' | 'address_refused' | 'cancelled';

export interface WebhookPatch {
  /** Where events are posted to: https, at port 443 or 8443, and no private address. In development also this machine, by http. */
  url?: string;
  description?: string | null;
  /** Names of events, each kept once; `sale.*` for all of a resource; `*` for all, also those of later releases. */
  eventTypes?: string[];
  /** Only events of these locations, and those that belong to none. Empty: all. */
  locationIds?: string[];
  /** `thin`: `data` has the id alone; ask the API for the rest. A delivery keeps the form that it was made with. */
  payload?: WebhookPayload;
  /** Events of one subject leave one behind the other: the next one when the one before it has arrived, or was given up. */
  ordered?: boolean;
  /** False: nothing is sent, and events are counted as missed. What waits goes on when it is true again. */
  enabled?: boolean;
}

export type WebhookPayload = 'full' | 'thin';

export interface WebhookPing {
  deliveryId: string;
  eventId: string;
}

export interface WebhookPinged {
  webhookId: string;
}

export interface WebhookRedeliver {
  /** This one, whatever became of it. */
  deliveryId?: string | null;
  /** All that was given up or missed since, at most 30 days ago; 10,000 of each at a time. */
  since?: string | null;
}

export interface WebhookRedelivered {
  /** Deliveries that wait anew. */
  count: number;
  /** Events that are still missed, as there is no room for them yet: ask again when what waits has arrived. */
  missed: number;
}

export interface WebhookSecret {
  id: string;
  createdAt: string;
  /** Until then it signs, too. Null: the present one. */
  expiresAt: string | null;
  /** Of `ed25519`. */
  publicKey: string | null;
}

export type WebhookSigning = 'hmac' | 'ed25519';
