<?php
// Status and text of the reply. After no reply, and after one with "retriable": true, send the same again, with the same key.
function call(
    string $method,
    string $path,
    ?string $body = null,
    ?string $key = null,
    ?int $version = null,
    array $headers = [],
    string $contentType = 'application/json',
): array {
    $lines = ['Content-Type: ' . $contentType];
    if ($body === null) $lines = [];
    if (getenv('TOKEN')) $lines[] = 'Authorization: Bearer ' . getenv('TOKEN');
    if ($key !== null) $lines[] = "Idempotency-Key: $key";
    if ($version !== null) $lines[] = "If-Match: \"$version\"";
    foreach ($headers as $name => $value) $lines[] = "$name: $value";
    $options = ['method' => $method, 'header' => $lines, 'ignore_errors' => true, 'timeout' => 30];
    if ($body !== null) $options['content'] = $body;
    $text = file_get_contents(getenv('BASE_URL') . $path, false, stream_context_create(['http' => $options]));
    if ($text === false) throw new RuntimeException('no reply');
    preg_match('/ (\d{3})/', $http_response_header[0], $status);
    return [(int) $status[1], $text];
}

function new_key(): string
{
    return bin2hex(random_bytes(16));
}
