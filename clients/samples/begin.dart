import 'dart:convert';
import 'dart:io';
import 'package:http/http.dart' as http;
import 'package:uuid/uuid.dart';

late String baseUrl;
String? token;

/// Status and text of the reply. After no reply, and after one with "retriable": true, send the same again, with the same key.
Future<(int, String)> call(
  String method,
  String path, {
  List<int>? body,
  String? key,
  int? version,
  Map<String, String> headers = const {},
  String contentType = 'application/json',
}) async {
  final request = http.Request(method, Uri.parse(baseUrl + path));
  if (token != null) request.headers['Authorization'] = 'Bearer $token';
  if (key != null) request.headers['Idempotency-Key'] = key;
  if (version != null) request.headers['If-Match'] = '"$version"';
  request.headers.addAll(headers);
  if (body != null) {
    request.headers['Content-Type'] = contentType;
    request.bodyBytes = body;
  }
  final reply = await http.Response.fromStream(await request.send().timeout(const Duration(seconds: 30)));
  return (reply.statusCode, reply.body);
}

String newKey() => const Uuid().v4();
