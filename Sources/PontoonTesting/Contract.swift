package import PontoonCore

/// The error thrown if a store breaks a rule of its contract, or another expectation is not met.
package struct ContractViolation: Error, CustomStringConvertible {
    /// The source location, and the rule or expectation.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Checks that a condition holds.
///
/// - Throws: ``ContractViolation`` with `rule`, a description of the condition, if the condition is false.
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
/// - Throws: ``ContractViolation`` with both values and `rule`, a description of the value, if they differ.
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
/// - Returns: The unwrapped value.
/// - Throws: ``ContractViolation`` with `rule`, a description of the value, if the value is `nil`.
package func require<Value>(
    _ value: Value?,
    _ rule: @autoclosure () -> String,
    file: String = #fileID,
    line: Int = #line
) throws -> Value {
    guard let value else { throw ContractViolation("\(file):\(line): \(rule())") }
    return value
}

/// Checks that a call throws a ``PontoonError`` with the given code.
///
/// - Throws: ``ContractViolation`` if the call succeeds or throws a ``PontoonError`` with another code; rethrows other
///   errors.
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
    throw ContractViolation("\(file):\(line): the call succeeded, but must throw \(code)")
}

/// Runs calls concurrently.
///
/// - Parameters:
///   - count: Number of calls.
///   - body: Makes a call; receives the call's index, starting from 0.
/// - Returns: The results, in order of completion.
/// - Throws: The first error that a call throws.
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
