import java.io.File
import java.util.UUID
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody

val http = OkHttpClient()
lateinit var baseUrl: String
var token: String? = null

/** Status and text of the reply. After no reply, and after one with "retriable": true, send the same again, with the same key. */
fun call(
    method: String,
    path: String,
    body: ByteArray? = null,
    key: String? = null,
    version: Int? = null,
    headers: Map<String, String> = emptyMap(),
    contentType: String = "application/json",
): Pair<Int, String> {
    val needsBody = method == "POST" || method == "PUT" || method == "PATCH"
    val payload = body?.toRequestBody(contentType.toMediaType()) ?: if (needsBody) ByteArray(0).toRequestBody() else null
    val request = Request.Builder().url(baseUrl + path).method(method, payload)
    token?.let { request.header("Authorization", "Bearer $it") }
    key?.let { request.header("Idempotency-Key", it) }
    version?.let { request.header("If-Match", "\"$it\"") }
    headers.forEach { (name, value) -> request.header(name, value) }
    http.newCall(request.build()).execute().use { return it.code to it.body!!.string() }
}

fun newKey() = UUID.randomUUID().toString()
