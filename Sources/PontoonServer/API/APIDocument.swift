import CEmbedded

/// The description of the API that clients and tools read.
package enum APIDocument {
    /// OpenAPI 3.1 in YAML, UTF-8.
    package static let openAPI = Array(
        UnsafeBufferPointer(start: cembedded_openapi.bytes, count: cembedded_openapi.length)
    )
}
