import CEmbedded

/// The API description for clients and tools, embedded in the executable.
package enum APIDocument {
    /// The OpenAPI 3.1 document: YAML in UTF-8.
    package static let openAPI = Array(
        UnsafeBufferPointer(start: cembedded_openapi.bytes, count: cembedded_openapi.length)
    )
}
