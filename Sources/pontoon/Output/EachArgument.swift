import PontoonClient

/// Runs `body` for each argument, in order, and prints the error of each argument that fails.
///
/// - Returns: The exit statuses of the failures.
/// - Throws: An error that would also affect the requests for the other arguments.
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

/// Prints the error of an argument, file or folder.
func printFailure(_ name: String, _ error: any Error, json: Bool) {
    if json {
        Output.standard.printLine(
            JSONLine("failed").with("name", name).with("code", errorCode(error)).with("message", "\(error)").text
        )
    } else {
        Output.standard.printMessage("pontoon: \(error)")
    }
}
