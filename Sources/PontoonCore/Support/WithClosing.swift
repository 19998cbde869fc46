/// Runs `body` with a resource and then closes the resource, even if `body` throws.
///
/// - Parameters:
///   - resource: The open resource.
///   - close: Called exactly once, after `body`.
///   - body: The work that uses the resource.
/// - Returns: The result of `body`.
/// - Throws: The error of `body`, or the error of `close` if `body` succeeds.
package func withClosing<Resource, Value>(
    _ resource: Resource,
    close: (Resource) async throws -> Void,
    _ body: (Resource) async throws -> Value
) async throws -> Value {
    let value: Value
    do {
        value = try await body(resource)
    } catch {
        try? await close(resource)
        throw error
    }
    try await close(resource)
    return value
}
