/// Runs `body` for each item, at most `limit` at a time, starting in order.
///
/// After the first error, no further item is started, and the running tasks are cancelled. The error is thrown once
/// they have finished. A `limit` below 1 counts as 1.
package func forEachConcurrently<Item: Sendable>(
    _ items: some Sequence<Item>,
    limit: Int,
    _ body: @escaping @Sendable (Item) async throws -> Void
) async throws {
    try await withThrowingTaskGroup { group in
        var remaining = items.makeIterator()
        for _ in 0..<max(limit, 1) {
            guard let item = remaining.next() else { break }
            group.addTask { try await body(item) }
        }
        while try await group.next() != nil {
            guard let item = remaining.next() else { continue }
            group.addTask { try await body(item) }
        }
    }
}

/// Transforms each item, at most `limit` at a time, and returns the results in the order of the items.
///
/// After the first error, no further item is started, and the running tasks are cancelled. The error is thrown once
/// they have finished. A `limit` below 1 counts as 1.
package func mapConcurrently<Item: Sendable, Output: Sendable>(
    _ items: some Sequence<Item>,
    limit: Int,
    _ transform: @escaping @Sendable (Item) async throws -> Output
) async throws -> [Output] {
    try await withThrowingTaskGroup(of: (Int, Output).self) { group in
        var remaining = items.makeIterator()
        var outputs: [Output?] = []
        while let item = remaining.next() {
            if outputs.count >= max(limit, 1), let (index, output) = try await group.next() { outputs[index] = output }
            let index = outputs.count
            outputs.append(nil)
            group.addTask { (index, try await transform(item)) }
        }
        while let (index, output) = try await group.next() { outputs[index] = output }
        return outputs.compactMap { $0 }
    }
}

/// Transforms each item, at most `limit` at a time, and passes the results to `body` in the order of the items.
///
/// Calls `body` for one result at a time. At most `limit` items are being transformed or waiting for `body`, so memory
/// usage is bounded even if `body` is slow. After the first error of `transform` or `body`, no further item is started,
/// and the running tasks are cancelled. The error is thrown once they have finished. A `limit` below 1 counts as 1.
package func forEachInOrder<Item: Sendable, Output: Sendable>(
    _ items: some Sequence<Item>,
    limit: Int,
    _ transform: @escaping @Sendable (Item) async throws -> Output,
    _ body: (Output) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: (Int, Output).self) { group in
        var remaining = items.enumerated().makeIterator()
        var (outputs, next) = ([Int: Output](), 0)
        func start() {
            guard let (index, item) = remaining.next() else { return }
            group.addTask { (index, try await transform(item)) }
        }
        for _ in 0..<max(limit, 1) { start() }
        while let (index, output) = try await group.next() {
            outputs[index] = output
            while let output = outputs.removeValue(forKey: next) {
                try await body(output)
                next += 1
                start()
            }
        }
    }
}
