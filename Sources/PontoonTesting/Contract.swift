package import PontoonCore

/// A store does not do what its protocol promises.
package struct ContractViolation: Error, CustomStringConvertible {
    /// What was promised.
    package let description: String

    /// Creates a violation of a promise.
    package init(_ description: String) { self.description = description }
}

/// Fails a contract unless a condition holds.
///
/// - Parameters:
///   - condition: What must hold.
///   - promise: What was promised, as a sentence.
///   - file: The caller's.
///   - line: The caller's.
/// - Throws: ``ContractViolation``.
package func expect(
    _ condition: Bool,
    _ promise: @autoclosure () -> String,
    file: String = #fileID,
    line: Int = #line
) throws {
    guard condition else { throw ContractViolation("\(file):\(line): \(promise())") }
}

/// Fails a contract unless two values are equal.
///
/// - Parameters:
///   - actual: What came out.
///   - expected: What was promised.
///   - promise: The rule, for the message.
///   - file: The caller's.
///   - line: The caller's.
/// - Throws: ``ContractViolation``, with both values.
package func expect<Value: Equatable>(
    _ actual: Value,
    equals expected: Value,
    _ promise: @autoclosure () -> String,
    file: String = #fileID,
    line: Int = #line
) throws {
    try expect(actual == expected, "\(promise()): \(actual) is not \(expected)", file: file, line: line)
}

/// Unwraps what a contract promises to be there.
///
/// - Parameters:
///   - value: What came out.
///   - promise: What was promised, as a sentence.
///   - file: The caller's.
///   - line: The caller's.
/// - Returns: The value.
/// - Throws: ``ContractViolation`` for `nil`.
package func require<Value>(
    _ value: Value?,
    _ promise: @autoclosure () -> String,
    file: String = #fileID,
    line: Int = #line
) throws -> Value {
    guard let value else { throw ContractViolation("\(file):\(line): \(promise())") }
    return value
}

/// Fails a contract unless something is refused for the right reason.
///
/// - Parameters:
///   - code: The reason.
///   - file: The caller's.
///   - line: The caller's.
///   - body: What must be refused.
/// - Throws: ``ContractViolation`` when it is not refused or for another reason; other errors pass through.
package func expectRefusal<Value>(
    _ code: PontoonError.Code,
    file: String = #fileID,
    line: Int = #line,
    _ body: () async throws -> Value
) async throws {
    do {
        _ = try await body()
    } catch let error as PontoonError {
        return try expect(error.code, equals: code, "the reason of the refusal", file: file, line: line)
    }
    throw ContractViolation("\(file):\(line): must be refused with \(code)")
}

/// Runs something many times at once.
///
/// - Parameters:
///   - count: How many times.
///   - body: Gets the number of its run, from 0.
/// - Returns: All results, in no order.
/// - Throws: The first error of any run.
package func concurrently<Value: Sendable>(
    _ count: Int,
    _ body: @escaping @Sendable (Int) async throws -> Value
) async throws -> [Value] {
    try await withThrowingTaskGroup { group in
        for index in 0..<count {
            group.addTask { try await body(index) }
        }
        return try await group.reduce(into: []) { $0.append($1) }
    }
}
