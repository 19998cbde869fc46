import PontoonClient

/// Runs `body` for each argument, in order; a failure is printed, and does not stop the others unless all would fail.
///
/// - Returns: The exit statuses of the failures.
/// - Throws: An error with which all others would fail too.
func forEachArgument(
    _ arguments: [String],
    json: Bool,
    _ body: (String) async throws -> Void
) async throws -> [ExitStatus] {
    var failures: [ExitStatus] = []
    for argument in arguments {
        do {
            try await body(argument)
        } catch  where !error.concernsEveryRequest {
            printFailure(argument, error, json: json)
            failures.append(ExitStatus(error))
        }
    }
    return failures
}

/// Prints the error of one argument, or of one file or folder.
func printFailure(_ name: String, _ error: any Error, json: Bool) {
    if json {
        Output.standard.printLine(
            JSONLine("failed").with("name", name).with("code", errorCode(error)).with("message", "\(error)").text
        )
    } else {
        Output.standard.printMessage("pontoon: \(error)")
    }
}
