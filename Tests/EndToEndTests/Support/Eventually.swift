import Testing

/// Asks again and again until something is so.
///
/// When it does not come true before the deadline, `what` is said and the test ends.
func eventually(
    _ what: Comment,
    within deadline: Duration = .seconds(30),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ isSo: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + deadline
    while try await !isSo() {
        try #require(ContinuousClock.now < end, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(10))
    }
}
