package import PontoonCore

/// A store breaks a rule of its contract.
package struct ContractViolation: Error, CustomStringConvertible {
    /// The location in the contract, and the rule.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Checks that a condition holds.
///
/// - Parameters:
///   - condition: Must be true.
///   - rule: Describes the condition.
///   - file: File of the caller.
///   - line: Line of the caller.
/// - Throws: ``ContractViolation`` if it does not.
package func expect(
    _ condition: Bool,
    _ rule: @autoclosure () -> String,
    file: String = #fileID,
    line: Int = #line
) throws {
    guard condition else { throw ContractViolation("\(file):\(line): \(rule())") }
}

/// Checks that two values are equal.
///
/// - Parameters:
///   - actual: The actual value.
///   - expected: The expected value.
///   - rule: Describes the value.
///   - file: File of the caller.
///   - line: Line of the caller.
/// - Throws: ``ContractViolation`` with both values if they differ.
package func expect<Value: Equatable>(
    _ actual: Value,
    equals expected: Value,
    _ rule: @autoclosure () -> String,
    file: String = #fileID,
    line: Int = #line
) throws {
    try expect(actual == expected, "\(rule()): \(actual) is not \(expected)", file: file, line: line)
}

/// Unwraps a value that must not be `nil`.
///
/// - Parameters:
///   - value: The value.
///   - rule: Describes the value.
///   - file: File of the caller.
///   - line: Line of the caller.
/// - Returns: The value.
/// - Throws: ``ContractViolation`` for `nil`.
package func require<Value>(
    _ value: Value?,
    _ rule: @autoclosure () -> String,
    file: String = #fileID,
    line: Int = #line
) throws -> Value {
    guard let value else { throw ContractViolation("\(file):\(line): \(rule())") }
    return value
}

/// Checks that a call throws a ``PontoonError`` with a certain code.
///
/// - Parameters:
///   - code: The expected code.
///   - file: File of the caller.
///   - line: Line of the caller.
///   - body: The call.
/// - Throws: ``ContractViolation`` if the call succeeds or throws another code; rethrows other errors.
package func expectRefusal<Value>(
    _ code: PontoonError.Code,
    file: String = #fileID,
    line: Int = #line,
    _ body: () async throws -> Value
) async throws {
    do {
        _ = try await body()
    } catch let error as PontoonError {
        return try expect(error.code, equals: code, "the error code", file: file, line: line)
    }
    throw ContractViolation("\(file):\(line): must throw \(code)")
}

/// Runs calls concurrently.
///
/// - Parameters:
///   - count: Number of calls.
///   - body: Receives the index of its call, from 0.
/// - Returns: The results, in no particular order.
/// - Throws: The first error of any call.
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
