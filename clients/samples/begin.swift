import Foundation

var baseUrl = ""
var token: String?

/// Status and text of the reply. After no reply, and after one with "retriable": true, send the same again, with the same key.
func call(
    _ method: String, _ path: String, body: Data? = nil, key: String? = nil, version: Int? = nil,
    headers: [String: String] = [:], contentType: String = "application/json"
) async throws -> (Int, String) {
    var request = URLRequest(url: URL(string: baseUrl + path)!)
    request.httpMethod = method
    request.timeoutInterval = 30
    if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
    if let key { request.setValue(key, forHTTPHeaderField: "Idempotency-Key") }
    if let version { request.setValue("\"\(version)\"", forHTTPHeaderField: "If-Match") }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    if let body {
        request.httpBody = body
        request.setValue(contentType, forHTTPHeaderField: "Content-Type")
    }
    let (data, reply) = try await URLSession.shared.data(for: request)
    return ((reply as! HTTPURLResponse).statusCode, String(decoding: data, as: UTF8.self))
}

func newKey() -> String { UUID().uuidString }
